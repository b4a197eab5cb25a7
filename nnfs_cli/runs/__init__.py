"""A run on disk: its directory, its records, and the list of all."""
