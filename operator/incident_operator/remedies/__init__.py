"""What may be done about harm, one file an action. A remedy sees the system, never the experiment."""
