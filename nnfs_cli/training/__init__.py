"""An experiment, and its training epoch by epoch."""
