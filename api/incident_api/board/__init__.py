"""What boards show: pure state, its order of changes, and the JSON of it. No I/O and no clock."""
