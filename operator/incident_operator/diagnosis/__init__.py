"""Who diagnoses: providers behind one interface."""
