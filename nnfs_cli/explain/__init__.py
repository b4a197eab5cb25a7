"""A config's computation as equations: forward, backward, and with the numbers of a real step."""
