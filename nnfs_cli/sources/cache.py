"""The cache folder: what was downloaded or parsed once. It may be deleted at any time."""

import os
import shutil
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """The cache folder: the environment variable NNFS_CACHE, else the system's folder for caches."""
    return Path(os.environ.get("NNFS_CACHE") or platformdirs.user_cache_dir("nnfs", appauthor=False))


def clear_cache() -> tuple[Path, int]:
    """Delete the cache folder; return its path, and how many bytes its files held."""
    folder = cache_folder()
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if folder.is_dir():
        shutil.rmtree(folder)
    return folder, size
