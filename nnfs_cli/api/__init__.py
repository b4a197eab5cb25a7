"""The same from Python: experiments, runs and the gradient check. `nnfs_cli` offers all of it."""
