"""What people do, written to the cluster with their own token: one class a subject. The operator acts on it."""
