"""Picture files, read as images of one size with 8 bits a color."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.preprocessing.pixels import WHITES
from nnfs_cli.sources.opening import open_file

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
"""The formats that Pillow may open, whatever a file's name. Others, as EPS, run programs."""

ORIENTATION = 0x0112
"""The EXIF tag that says how a picture is turned; from 5 on its sides are swapped."""

BLANK = 16
"""Pictures whose pixels differ by no more, of 255, show nothing."""

COLORED = 8
"""Smaller differences between red, green and blue come from compression."""

STRIP = 64
"""Rows of pixels that are worked on together, since some pictures have 80 million pixels."""

OVERSHOOT = 0.05
"""The share by which fractions may lie beyond black and white, as after resampling."""

UNREADABLE = (
    OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, AttributeError, OverflowError,
    struct.error, zlib.error,
)  # fmt: skip
"""What Pillow raises for damaged files."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, read as an image of some size.

    pixels: (H, W), or (3, H, W) for colors, uint8.
    done: words for what was done to it: `shrunk to 28 x 28`.
    colored: whether the file has colors.
    """

    pixels: Array
    done: tuple[str, ...]
    colored: bool


def read_picture(path: Path, size: tuple[int, int], color: bool) -> Picture:
    """A picture as an image of `size` (height, width): gray, or with colors.

    It is shrunk or enlarged to fit, without changing its proportions; its background color fills what is
    left. A drawing on transparency is put over white if it is dark, else over black. The same picture gives
    the same pixels, whatever the file's format: numbers of 16 bits or more, and fractions, are read on the
    scale 0 to 1, 255 or 65535, the least that holds them.

    NnfsError if it cannot be read.
    """
    opened, done = _open(path)
    colored = opened.mode == "RGB" and _has_colors(opened)
    picture = opened.convert("RGB" if color else "L")
    height, width = size
    scale = min(width / picture.width, height / picture.height)
    if picture.size != (width, height):
        done.append(
            f"{'shrunk' if scale < 1 else 'enlarged' if scale > 1 else 'padded'} to {width} x {height}"
        )
    pixels = np.asarray(_fit(picture, (width, height), scale))
    if np.ptp(pixels, axis=(0, 1)).max() <= BLANK:
        done.append("blank, or nearly: one color everywhere")
    return Picture(pixels.transpose(2, 0, 1) if color else pixels, tuple(done), colored)


def picture_size(path: Path) -> tuple[int, int]:
    """A picture's height and width when it is upright; NnfsError if it cannot be read."""
    with _opened(path) as file:
        turned = file.getexif().get(ORIENTATION, 1) >= 5
        return (file.width, file.height) if turned else (file.height, file.width)


def _open(path: Path) -> tuple["Image.Image", list[str]]:
    """A file's first picture, upright, as `L` or `RGB`, and words for what was done to it."""
    from PIL import ImageOps

    with _opened(path) as file:
        done = ["the first of several pictures in its file"] if getattr(file, "is_animated", False) else []
        ImageOps.exif_transpose(file, in_place=True)
        opaque, more = _with_8_bits(file) if file.mode[0] in "IF" else _opaque(file)
        return opaque, done + more


@contextmanager
def _opened(path: Path) -> Iterator["Image.Image"]:
    """A picture file, open for reading in the `with` block; NnfsError for what goes wrong in it."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with open_file(path) as content:
                with Image.open(content, formats=FORMATS) as whole:
                    whole.verify()  # Pillow compares no checksums of a PNG's pixels when it reads them
                content.seek(0)
                with Image.open(content, formats=FORMATS) as file:
                    yield file
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        most = (Image.MAX_IMAGE_PIXELS or 0) // 10**6
        raise NnfsError(f"{path}: has more than {most} million pixels: make it smaller") from None
    except UNREADABLE as error:
        why = "" if isinstance(error, UnidentifiedImageError) else f": {error}"
        raise NnfsError(f"{path}: not a picture that can be read{why}") from None


def _with_8_bits(image: "Image.Image") -> tuple["Image.Image", list[str]]:
    """Gray numbers of 16 or 32 bits, or fractions, as 0..255."""
    from PIL import Image

    numbers = np.asarray(image)
    low, high = numbers.min(), numbers.max()
    slack = 1 + OVERSHOOT if image.mode == "F" else 1
    white = next((white for white in WHITES if high <= white * slack), None)
    if white is None or not low >= white * (1 - slack):
        raise ValueError(f"its numbers must lie from 0 to 1, 255 or 65535, found {low} to {high}")
    usual = image.mode.startswith("I;16") and white == WHITES[-1]
    done = [] if usual else [f"its numbers of mode {image.mode} read on the scale 0 to {white:g}"]
    pixels = np.empty(numbers.shape, np.uint8)
    for rows in slices(image.height, STRIP):
        pixels[rows] = np.rint(numbers[rows] * (255.0 / white)).clip(0, 255)
    return Image.fromarray(pixels), done


def _opaque(image: "Image.Image") -> tuple["Image.Image", list[str]]:
    """A picture without transparency, as `L` or `RGB`."""
    from PIL import Image

    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    if image.mode not in ("LA", "La", "PA", "RGBA", "RGBa") and "transparency" not in image.info:
        return image if image.mode == mode else image.convert(mode), []
    straight = {"La": "LA", "RGBa": "RGBA"}.get(image.mode)
    image = image.convert(straight) if straight else image
    image = image if image.mode == "RGBA" else image.convert("RGBA")
    alpha = np.asarray(image.getchannel("A"))
    low, high = alpha.min(), alpha.max()
    if low == high > 0:  # opaque, or a veil, through which nothing shines
        return image.convert("RGB").convert(mode), []
    light = _is_light(image)
    opaque = Image.new(mode, image.size)
    for rows in slices(image.height, STRIP):
        strip = image.crop((0, rows.start, image.width, rows.stop))
        below = Image.new("RGBA", strip.size, "black" if light else "white")
        below.alpha_composite(strip)
        opaque.paste(below.convert("RGB").convert(mode), (0, rows.start))
    words = "light on transparency, put over black" if light else "dark on transparency, put over white"
    return opaque, [words]


def _is_light(image: "Image.Image") -> bool:
    """Whether what can be seen of an `RGBA` picture is light, on average."""
    seen = total = 0
    for rows in slices(image.height, STRIP):
        strip = image.crop((0, rows.start, image.width, rows.stop))
        alpha = np.asarray(strip.getchannel("A"), np.int64)
        seen += int(np.vdot(np.asarray(strip.convert("L"), np.int64), alpha))
        total += int(alpha.sum())
    return seen > 127.5 * total


def _has_colors(image: "Image.Image") -> bool:
    pixels = np.asarray(image)
    return bool((np.ptp(pixels, axis=2) > COLORED).any())


def _fit(picture: "Image.Image", size: tuple[int, int], scale: float) -> "Image.Image":
    """The picture scaled, in the middle of an image of `size` (width, height)."""
    from PIL import Image

    if picture.size == size:
        return picture
    inner = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
    fitted = Image.new(picture.mode, size, _background(picture))
    place = (round((size[0] - inner[0]) / 2), round((size[1] - inner[1]) / 2))
    fitted.paste(picture.resize(inner, Image.Resampling.LANCZOS), place)
    return fitted


def _background(picture: "Image.Image") -> int | tuple[int, ...]:
    """The background color: the median along the four edges."""
    pixels = np.atleast_3d(np.asarray(picture))
    edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    color = tuple(round(float(each)) for each in np.median(edges, axis=0))
    return color if len(color) > 1 else color[0]
