"""Initializers: the initial values of parameters."""
