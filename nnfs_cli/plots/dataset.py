"""The picture of a dataset: of images or of a table, before and after normalization."""

from pathlib import Path

from nnfs_cli.plots.dataset_images import draw_images
from nnfs_cli.plots.dataset_table import draw_table
from nnfs_cli.plots.style import drawing, save_as
from nnfs_cli.preprocessing.description import is_image
from nnfs_cli.preprocessing.records import Data


def draw_dataset(data: Data, name: str, path: Path) -> None:
    """Draw the dataset as a PNG file at `path`."""
    with drawing():
        axes = draw_images(data, name) if is_image(data) else draw_table(data, name)
    save_as(axes, path)
