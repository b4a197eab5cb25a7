"""Everything that makes training and inference fast. The rest of the package works without it."""
