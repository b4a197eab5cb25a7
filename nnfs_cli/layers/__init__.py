"""Layers: each is an equation and its two gradients, to the parameters and to the input."""
