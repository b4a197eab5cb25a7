"""Kinds of growth: one file for each, with what its workers do, what is measured, and what is said of it."""

from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "growth.py"
"""What workers run."""
