"""What is measured, one file a signal, and what a diagnosis reads besides."""
