"""Measures the API with many boards connected, beside an earlier simulator's backend where its source is given."""
