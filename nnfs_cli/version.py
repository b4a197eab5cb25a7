"""The version of nnfs."""

__version__ = "0.1.0"
