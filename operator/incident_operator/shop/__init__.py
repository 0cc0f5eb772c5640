"""An ordinary application: it serves a steady stream of requests from a Postgres and from a Redis as its cache."""
