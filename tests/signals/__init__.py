"""Metrics, alerts, the dashboard, traces and Events."""
