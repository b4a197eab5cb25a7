"""Pictures of every mode and format are read to the same image; what is no picture is told."""

import errno
import io
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.preprocessing.pixels import Pixels
from nnfs_cli.sources import pictures
from nnfs_cli.sources.picture_files import find_pictures, naturally, notes_on
from nnfs_cli.sources.picture_rows import picture_rows
from nnfs_cli.sources.pictures import FORMATS, picture_size, read_picture
from tests.toys import ROOT

SHAPE = (20, 24)


def drawing(levels: int = 256) -> Array:
    """A bright ring on black, (20, 24), with soft edges."""
    rows, columns = np.indices(SHAPE)
    distance = np.abs(np.hypot(rows - 9.5, columns - 11.5) - 6)
    soft = np.clip(2.5 - distance, 0, 1)
    return np.asarray(np.rint(soft * (levels - 1)) * (255 // (levels - 1)), np.uint8)


GRAY = drawing()


def ink(mode: str, color: int, gray: Array = GRAY) -> Image.Image:
    """A drawing on transparency in one color, whose strength is the alpha channel."""
    picture = Image.new("LA", SHAPE[::-1], (color, 0))
    picture.putalpha(Image.fromarray(gray))
    return picture.convert(mode)


def palette_with_transparency() -> Image.Image:
    picture = Image.fromarray(GRAY).convert("P")
    picture.info["transparency"] = 0
    return picture


MODES: dict[str, Callable[[], Image.Image]] = {
    **{mode: lambda mode=mode: Image.fromarray(GRAY).convert(mode)  # type: ignore[misc]
       for mode in ("L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "P", "I", "F")},
    "1": lambda: Image.fromarray(drawing(2)).convert("1"),
    "8 bits in 16": lambda: Image.fromarray(GRAY.astype(np.uint16)),
    "16 bits": lambda: Image.fromarray(GRAY.astype(np.uint16) * 257),
    "16 bits in 32": lambda: Image.fromarray(GRAY.astype(np.int32) * 257),
    "fractions": lambda: Image.fromarray((GRAY / 255).astype(np.float32)),
    "16 bits in fractions": lambda: Image.fromarray(GRAY.astype(np.float32) * 257),
    "white ink, LA": lambda: ink("LA", 255),
    "white ink, RGBA": lambda: ink("RGBA", 255),
    "black ink, RGBA": lambda: ink("RGBA", 0),
    "palette with transparency": palette_with_transparency,
}  # fmt: skip
SUFFIXES: dict[str, dict[str, Any]] = {
    "png": {}, "jpg": {"quality": 100}, "bmp": {}, "gif": {}, "tif": {}, "webp": {"lossless": True}, "pgm": {},
}  # fmt: skip
LOST = {
    *(("gif", mode) for mode in ("CMYK", "YCbCr")),
    *((suffix, mode) for suffix in ("gif", "bmp", "jpg", "pgm") for mode in ("LA", "RGBA")),
    *((suffix, mode) for suffix in ("gif", "webp", "jpg", "bmp", "pgm") for mode in ("I", "F", "I;16")),
    ("jpg", "1"),
}
"""What Pillow itself writes with other numbers, or without transparency; TIFF keeps it."""


def save_as(picture: Image.Image, suffix: str, folder: Path) -> Path:
    """Save in the format of the suffix, or else, where that would not keep the numbers, as TIFF."""
    path = folder / f"drawing.{suffix}"
    try:
        if (suffix, picture.mode) in LOST:
            raise OSError
        picture.save(path, **SUFFIXES[suffix])
    except OSError:
        path = folder / "drawing.tif"
        picture.save(path)
    return path


@pytest.mark.parametrize("mode", MODES)
def test_a_drawing_is_read_alike_from_every_mode_and_format(tmp_path: Path, mode: str) -> None:
    expected = drawing(2) if mode == "1" else GRAY
    expected = 255 - expected if mode.startswith("black") else expected
    for suffix in SUFFIXES:
        path = save_as(MODES[mode](), suffix, tmp_path)
        for color in (False, True):
            found = read_picture(path, SHAPE, color)
            assert found.pixels.shape == ((3, *SHAPE) if color else SHAPE)
            assert found.pixels.dtype == np.uint8
            assert np.abs(found.pixels.astype(int) - expected).max() <= (6 if path.suffix == ".jpg" else 1)
            assert not found.colored


def test_a_picture_is_turned_upright_as_its_exif_says(tmp_path: Path) -> None:
    turns: dict[int, Callable[[Array], Array]] = {
        1: lambda x: x, 2: np.fliplr, 3: lambda x: np.rot90(x, 2), 4: np.flipud,
        5: np.transpose, 6: np.rot90, 7: lambda x: np.rot90(x, 2).T, 8: lambda x: np.rot90(x, -1),
    }  # fmt: skip
    marked = GRAY.copy()
    marked[:5, :5] = 255
    for number, turn in turns.items():
        exif = Image.Exif()
        exif[0x0112] = number
        Image.fromarray(np.ascontiguousarray(turn(marked))).save(tmp_path / "a.png", exif=exif)
        assert picture_size(tmp_path / "a.png") == SHAPE
        np.testing.assert_array_equal(read_picture(tmp_path / "a.png", SHAPE, color=False).pixels, marked)


@pytest.mark.parametrize(("color", "below"), [(255, 0), (200, 0), (60, 255), (0, 255)])
def test_a_drawing_on_transparency_is_put_where_it_can_be_seen(
    tmp_path: Path, color: int, below: int
) -> None:
    ink("RGBA", color).save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png", SHAPE, color=False)
    assert found.pixels[0, 0] == below
    assert np.ptp(found.pixels) == abs(color - below)
    assert found.done == (
        "light on transparency, put over black" if below == 0 else "dark on transparency, put over white",
    )


@pytest.mark.parametrize("alpha", [255, 128, 1])
def test_an_alpha_channel_that_is_the_same_everywhere_changes_and_says_nothing(
    tmp_path: Path, alpha: int
) -> None:
    picture = Image.fromarray(GRAY).convert("RGBA")
    picture.putalpha(alpha)
    picture.save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png", SHAPE, color=False)
    np.testing.assert_array_equal(found.pixels, GRAY)
    assert found.done == ()


@pytest.mark.parametrize(
    ("size", "place", "done"),
    [
        ((48, 40), np.s_[:, :], "shrunk to 24 x 20"),
        ((12, 10), np.s_[:, :], "enlarged to 24 x 20"),
        ((240, 20), np.s_[9:11, :], "shrunk to 24 x 20"),
        ((3, 30), np.s_[:, 11:13], "shrunk to 24 x 20"),
        ((3000, 1), np.s_[10:11, :], "shrunk to 24 x 20"),
        ((24, 10), np.s_[5:15, :], "padded to 24 x 20"),
    ],
)
def test_a_picture_of_another_size_fits_in_the_middle_of_its_background(
    tmp_path: Path, size: tuple[int, int], place: Any, done: str
) -> None:
    picture = Image.new("RGB", size, (200, 100, 50))
    picture.save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png", SHAPE, color=True)
    assert found.done[0] == done
    assert found.colored
    np.testing.assert_array_equal(found.pixels, np.full((3, *SHAPE), [[[200]], [[100]], [[50]]]))
    if min(size) > 2:
        picture.paste((0, 0, 0), (1, 1, size[0] - 1, size[1] - 1))
        picture.save(tmp_path / "a.png")
        changed = (read_picture(tmp_path / "a.png", SHAPE, color=True).pixels != found.pixels).any(axis=0)
        outside = np.ones(SHAPE, bool)
        outside[place] = False
        assert changed.any()
        assert not changed[outside].any()


def png(width: int, height: int) -> bytes:
    """A PNG file that says it is that large, and has little in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def saved(mode: str, value: float, suffix: str) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, (4, 4), value).save(stream, suffix)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a picture that can be read"),
        (b"a,b\n1,2\n", "not a picture that can be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n", "not a picture that can be read"),
        (png(60_000, 60_000), "has more than 89 million pixels: make it smaller"),
        (png(12_000, 9_000), "has more than 89 million pixels: make it smaller"),
        (png(40, 40), "not a picture that can be read"),
        (saved("F", -1.0, "tiff"), "its numbers must lie from 0 to 1, 255 or 65535, found -1.0 to -1.0"),
        (saved("F", float("nan"), "tiff"), "its numbers must lie from 0 to 1, 255 or 65535, found nan to nan"),
        (saved("I", 70_000, "tiff"), "its numbers must lie from 0 to 1, 255 or 65535, found 70000 to 70000"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_told_with_its_file(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(NnfsError) as caught:
        read_picture(tmp_path / "a.png", SHAPE, color=False)
    assert str(caught.value).startswith(f"{tmp_path / 'a.png'}: ")
    assert message in str(caught.value)


def test_fractions_that_overshoot_black_and_white_are_cut(tmp_path: Path) -> None:
    Image.fromarray((GRAY / 255 * 1.06 - 0.03).astype(np.float32)).save(tmp_path / "a.tif")
    expected = np.rint((GRAY / 255 * 1.06 - 0.03) * 255).clip(0, 255)
    assert np.abs(read_picture(tmp_path / "a.tif", SHAPE, color=False).pixels - expected).max() <= 1


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "PPM"])
def test_damaged_pictures_are_read_or_told_and_nothing_else(tmp_path: Path, form: str) -> None:
    rng = np.random.default_rng(len(form))
    stream = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (9, 11, 3), dtype=np.uint8)).save(stream, form)
    told = 0
    for _ in range(60):
        content = bytearray(stream.getvalue())
        for place in rng.integers(0, len(content), 3):
            content[place] = rng.integers(256)
        (tmp_path / "a.png").write_bytes(content[: rng.integers(len(content) // 2, len(content) + 1)])
        try:
            read_picture(tmp_path / "a.png", SHAPE, color=True)
        except NnfsError:
            told += 1
    assert told
    assert form in FORMATS


def test_names_are_sorted_as_people_count() -> None:
    names = [
        "b/1.png",
        "a10.png",
        "a2.png",
        "A3.png",
        "a/9.png",
        "a/10.png",
        "a002.png",
        "2/x.png",
        "10/x.png",
    ]
    assert sorted(names, key=naturally) == [
        "2/x.png", "10/x.png", "a/9.png", "a/10.png", "a002.png", "a2.png", "A3.png", "a10.png", "b/1.png",
    ]  # fmt: skip


def test_the_pictures_of_a_folder_are_found_in_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("x10.png", "x2.JPG", "sub/a.webp", "notes.txt", ".hidden.png", ".git/b.png", "sub/._a.webp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    pictures, others = find_pictures(tmp_path)
    assert [file.relative_to(tmp_path).as_posix() for file in pictures] == ["sub/a.webp", "x2.JPG", "x10.png"]
    assert [file.name for file in others] == ["notes.txt"]


def test_one_sentence_tells_of_all_pictures_to_which_the_same_was_done() -> None:
    done = [("a", "shrunk"), ("b", "blank"), *((name, "shrunk") for name in "bcde")]
    assert notes_on(done) == ("a, b, c and 2 more: shrunk", "b: blank")


# Pictures as a network's rows


def rows(path: Path, pixels: Pixels, shape: tuple[int, ...] = SHAPE, *, invert: bool = True) -> Iterator[Any]:
    return picture_rows([str(path)], shape, pixels, 1000, invert=invert)


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 255.0), (0.0, 1.0), (0.0, 16.0), (-1.0, 1.0), (0.0, 65535.0), (-0.42, 2.82)]
)
@pytest.mark.parametrize("background", [0.0, 1.0])
def test_pictures_come_in_the_scale_and_on_the_background_of_training(
    tmp_path: Path, low: float, high: float, background: float, invert: bool
) -> None:
    training = low + (high - low) * np.abs(background - GRAY / 255)
    pixels = Pixels.of(np.repeat(training[np.newaxis], 30, axis=0))
    assert pixels is not None
    assert (pixels.low, pixels.high) == pytest.approx((low, high))
    assert pixels.background == pytest.approx(background)
    for name, picture in {"dark": GRAY, "light": 255 - GRAY}.items():
        Image.fromarray(picture).save(tmp_path / f"{name}.png")
        ((x, ids, notes),) = rows(tmp_path / f"{name}.png", pixels, invert=invert)
        same = (name == "light") == (background == 1.0)
        expected = training if invert or same else low + high - training
        assert x[0] == pytest.approx(expected, abs=1e-6 * (high - low))
        assert ids == (f"{name}.png",)
        assert any("inverted, since" in note for note in notes) == (invert and not same)


def test_pictures_are_not_inverted_where_training_images_have_no_background_in_common(tmp_path: Path) -> None:
    photos = np.random.default_rng(0).integers(0, 256, (50, 1, 1)) * np.ones((50, *SHAPE))
    pixels = Pixels.of(photos)
    assert pixels is not None
    assert pixels.background is None
    Image.fromarray(255 - GRAY).save(tmp_path / "light.png")
    ((x, _, notes),) = rows(tmp_path / "light.png", pixels)
    np.testing.assert_array_equal(x[0], 255 - GRAY)
    assert notes == ()


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("L", (40, 40), 128), Image.new("RGBA", (20, 24)), Image.new("RGBA", (20, 24), (9, 9, 9, 0)),
        Image.new("I;16", (24, 20)), Image.new("1", (24, 20), 1),
    ],
    ids=["gray", "transparent", "transparent black", "16 bits", "white"],
)  # fmt: skip
def test_a_blank_picture_is_said_to_be_blank(tmp_path: Path, picture: Image.Image) -> None:
    picture.save(tmp_path / "a.png")
    ((_, _, notes),) = rows(tmp_path / "a.png", Pixels(0.0, 255.0, 0.0))
    assert "a.png: blank, or nearly: one color everywhere" in notes


def test_of_a_file_with_several_pictures_the_first_is_read_and_that_is_said(tmp_path: Path) -> None:
    frames = [Image.fromarray(GRAY), Image.fromarray(GRAY[::-1].copy() // 2)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    ((x, _, notes),) = rows(tmp_path / "a.gif", Pixels(0.0, 255.0, 0.0))
    np.testing.assert_array_equal(x[0], GRAY)
    assert notes == ("a.gif: the first of several pictures in its file",)


def test_runs_of_version_0_1_keep_their_scale() -> None:
    from nnfs_cli.preprocessing.pixels import pixels_from

    assert pixels_from([255.0, 3.0]) == Pixels(0.0, 255.0, 3.0 / 255.0)
    assert pixels_from([1.0, 0.5]) == Pixels(0.0, 1.0, None)
    assert pixels_from([-1.0, 1.0, None]) == Pixels(-1.0, 1.0, None)
    assert pixels_from(None) is None


def test_a_disk_that_fails_is_not_called_a_damaged_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(pictures, "open_file", lambda path: Failing())
    with pytest.raises(NnfsError, match=r"^a\.png: cannot be read: the disk failed"):
        read_picture(Path("a.png"), (4, 4), color=False)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited by RLIMIT_AS")
@pytest.mark.parametrize("mode", ["RGBA", "RGB", "LA", "P"])
def test_the_largest_picture_takes_less_than_a_gigabyte(tmp_path: Path, mode: str) -> None:
    picture = Image.linear_gradient("L").resize((9400, 9400)).convert("RGBA" if mode == "RGBA" else "RGB")
    if mode == "RGBA":
        picture.putalpha(Image.linear_gradient("L").rotate(90).resize(picture.size))
    options: dict[str, Any] = {"transparency": 3} if mode == "P" else {}
    picture.convert(mode).save(tmp_path / "large.png", compress_level=1, **options)
    read = (
        "import resource; from pathlib import Path; from nnfs_cli.sources.pictures import read_picture\n"
        "import PIL.Image; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "read_picture(Path('large.png'), (28, 28), color=True)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", read], cwd=tmp_path, env=environment, check=True)
