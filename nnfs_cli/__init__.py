"""nnfs: train neural networks in pure NumPy, driven by YAML files."""

__version__ = "0.1.0"
