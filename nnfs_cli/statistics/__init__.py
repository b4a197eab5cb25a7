"""Statistics: how sure a score is, and whether two scores differ."""
