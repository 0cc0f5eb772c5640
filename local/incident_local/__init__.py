"""The laptop runtime: a real control plane, real systems, the operator, and the command line."""
