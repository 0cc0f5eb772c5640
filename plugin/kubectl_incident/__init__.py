"""`kubectl incident`: incidents, plans and drills from a terminal. Needs kubectl, and Python's own library."""

__version__ = "0.1.0"
