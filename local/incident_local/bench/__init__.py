"""What is promised in seconds, measured from outside on a real stack."""
