"""The measurements of growth.py: a file for each, with its workers, its measurement and its text."""

from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "growth.py"
"""The script that workers run."""
