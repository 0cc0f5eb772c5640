"""A small authenticated HTTP service over one bounded directory: the Disk system."""
