"""The resources of the incident simulator: models, schemas, access rules and the typed client."""

__version__ = "0.1.0"
