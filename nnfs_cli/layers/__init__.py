"""Layers: each is the three equations of its forward pass and its two gradients."""
