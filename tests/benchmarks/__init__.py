"""What has a target, measured. Run by `./axisor bench`; never by the tests."""
