"""Picture files, read as images like those that a network was trained on."""

from pathlib import Path

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import NnfsError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")


def read_picture(path: Path, shape: Shape, pixels: tuple[float, float]) -> tuple[Array, list[str]]:
    """A picture as an image of `shape`, (H, W) or (C, H, W), and sentences on what was done to it.

    It is shrunk to fit; its background color fills what is left. It is inverted if its background is light
    and the training images' background is dark, or the other way round.

    pixels: the training images' largest value, which white becomes, and their background.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    *channels, height, width = shape
    color = channels == [3]
    try:
        with Image.open(path) as file:
            if file.mode.startswith(("I", "F")):
                raise NnfsError(f"{path}: must have 8 bits for each color, found {file.mode}")
            image = ImageOps.exif_transpose(file).convert("RGBA")
            opaque = Image.new("RGBA", image.size, "white")
            opaque.alpha_composite(image)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise NnfsError(f"{path}: not a picture that can be read: {error}") from None
    picture = opaque.convert("RGB" if color else "L")
    if picture.width < width or picture.height < height:
        raise NnfsError(
            f"{path}: must be at least {width} x {height} pixels, found {picture.width} x {picture.height}"
        )
    notes = []
    if picture.size != (width, height):
        notes.append(f"{path}: {picture.width} x {picture.height} pixels, shrunk to {width} x {height}")
    largest, background = pixels
    edge = _edge(np.asarray(picture.convert("L")))
    if abs(edge / 255.0 - background / largest) > abs(1.0 - edge / 255.0 - background / largest):
        notes.append(
            f"{path}: inverted, since its background is {'light' if edge > 127 else 'dark'} "
            f"and the training images' is not"
        )
        picture, edge = ImageOps.invert(picture), 255.0 - edge
    fill = (round(edge),) * 3 if color else round(edge)
    fitted = ImageOps.pad(picture, (width, height), Image.Resampling.LANCZOS, color=fill)
    numbers = np.asarray(fitted)
    numbers = numbers.transpose(2, 0, 1) if color else numbers.reshape(shape)
    return (numbers if largest > 1.0 else numbers / 255.0 * largest), notes


def _edge(gray: Array) -> float:
    """The background: the median along the four edges."""
    return float(np.median(np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])))
