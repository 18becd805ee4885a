"""People, their sessions and their accounts at venues."""
