"""Initializers: the values that parameters start from."""
