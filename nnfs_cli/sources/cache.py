"""The cache folder: what was downloaded or parsed once. It may be deleted at any time."""

import os
import shutil
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Where nnfs keeps what it can make again: NNFS_CACHE, else the user's cache folder of this system."""
    return Path(os.environ.get("NNFS_CACHE") or platformdirs.user_cache_dir("nnfs", appauthor=False))


def clear_cache() -> tuple[Path, int]:
    """Delete the cache folder; where it was, and how many bytes its files held."""
    folder = cache_folder()
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if folder.is_dir():
        shutil.rmtree(folder)
    return folder, size
