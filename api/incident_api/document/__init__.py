"""docs/api.md, a text with tables and examples from the code, and docs/openapi.json."""
