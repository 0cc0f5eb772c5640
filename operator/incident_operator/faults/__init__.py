"""What can be broken, one file a fault, and how each is undone."""
