"""What is measured. Each scenario runs alike against each target, on a fresh server process."""
