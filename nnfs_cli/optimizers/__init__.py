"""Optimizers: how a step changes the parameters by their gradient."""
