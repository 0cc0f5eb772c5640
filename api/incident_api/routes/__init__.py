"""The paths, one file a subject: read the request, call one thing, answer."""
