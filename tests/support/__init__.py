"""What several tests need: fakes, databases, processes."""
