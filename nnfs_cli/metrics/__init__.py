"""Metrics: scores that people read. Training does not follow them."""
