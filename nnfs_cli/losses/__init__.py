"""Losses: what training makes small, each with the exact gradient of its own value."""
