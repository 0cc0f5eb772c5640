"""A process that is many boards at once."""
