"""The three target systems: a real Redis, a real Postgres, and the disk agent on a folder of its own."""
