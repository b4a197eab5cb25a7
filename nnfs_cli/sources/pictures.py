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
from nnfs_cli.core.os_errors import unread
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
    picture = _as(opened, "RGB" if color else "L")
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
        raise unread(path, error, f"{path}: not a picture that can be read{why}") from None


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
        return _as(image, mode), []
    levels = np.sum([strip.getchannel("A").histogram() for _, strip in _strips(image, "RGBA")], axis=0)
    ground = words = ""
    if np.count_nonzero(levels) > 1 or levels[0]:  # else opaque, or a veil, through which nothing shines
        light = _is_light(image)
        ground, words = ("black", "light") if light else ("white", "dark")
        words += f" on transparency, put over {ground}"
    opaque = Image.new(mode, image.size)
    for top, strip in _strips(image, "RGBA"):
        whole = Image.new("RGBA", strip.size, ground) if ground else strip
        if ground:
            whole.alpha_composite(strip)
        opaque.paste(_as(whole.convert("RGB"), mode), (0, top))
    return opaque, [words] if words else []


def _as(image: "Image.Image", mode: str) -> "Image.Image":
    """The picture in another mode; Pillow would copy one that has it already."""
    return image if image.mode == mode else image.convert(mode)


def _strips(image: "Image.Image", mode: str) -> Iterator[tuple[int, "Image.Image"]]:
    """Strips of a picture in a mode, each with the number of its first row: a whole copy may be 350 MB."""
    straight = {"La": "LA", "RGBa": "RGBA"}.get(image.mode, image.mode)
    for rows in slices(image.height, STRIP):
        yield rows.start, _as(_as(image.crop((0, rows.start, image.width, rows.stop)), straight), mode)


def _is_light(image: "Image.Image") -> bool:
    """Whether what can be seen of a picture with transparency is light, on average."""
    seen = total = 0
    for _, strip in _strips(image, "RGBA"):
        alpha = np.asarray(strip.getchannel("A"), np.int64)
        seen += int(np.vdot(np.asarray(strip.convert("L"), np.int64), alpha))
        total += int(alpha.sum())
    return seen > 127.5 * total


def _has_colors(image: "Image.Image") -> bool:
    strips = (np.asarray(strip) for _, strip in _strips(image, "RGB"))
    return any((np.ptp(strip, axis=2) > COLORED).any() for strip in strips)


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
    width, height = picture.size
    sides = [
        (0, 0, width, 1),
        (0, height - 1, width, height),
        (0, 0, 1, height),
        (width - 1, 0, width, height),
    ]
    edges = np.concatenate(
        [np.asarray(picture.crop(side)).reshape(-1, len(picture.getbands())) for side in sides]
    )
    color = tuple(round(float(each)) for each in np.median(edges, axis=0))
    return color if len(color) > 1 else color[0]
