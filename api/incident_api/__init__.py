"""The HTTP API and the live stream over the Kubernetes API. It has no database: the state is the resources."""
