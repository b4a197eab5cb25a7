"""A study: the plan of its runs, how options are sampled, its folder on disk, and its tables."""
