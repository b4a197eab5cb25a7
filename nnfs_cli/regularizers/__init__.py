"""Regularizers: what is added to the loss, or kept within bounds, so that parameters stay small."""
