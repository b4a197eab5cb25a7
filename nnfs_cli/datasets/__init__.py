"""Datasets: where rows and targets come from, and how they are split."""
