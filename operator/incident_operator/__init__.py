"""The operator: it breaks, notices, diagnoses, asks, heals, proves and grades."""
