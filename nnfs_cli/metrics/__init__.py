"""Metrics: scores for people to read. Training does not minimize them."""
