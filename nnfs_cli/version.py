"""The version of nnfs."""

__version__ = "0.2.0"
