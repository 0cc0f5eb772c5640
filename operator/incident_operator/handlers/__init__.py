"""Kopf shells: they hand what happened to the services."""
