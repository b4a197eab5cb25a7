"""Losses: what training minimizes. Each has a value and the exact gradient of that value."""
