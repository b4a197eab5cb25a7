"""A run on disk: its directory, its recorder, and the list of runs."""
