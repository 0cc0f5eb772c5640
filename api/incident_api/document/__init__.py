"""docs/api.md: a text with tables and examples from the code."""
