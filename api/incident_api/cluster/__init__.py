"""All that goes to the Kubernetes API: watches, writes in a user's name, and reviews of who may see what."""
