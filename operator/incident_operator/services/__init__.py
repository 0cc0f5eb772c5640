"""Use cases: each decides through the domain, writes what it decided, then acts."""
