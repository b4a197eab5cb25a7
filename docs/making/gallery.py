"""Every picture of the documentation, made from the configs that come with nnfs: `make gallery`.

All seeds are fixed, so the pictures change only when the code that draws them does. They are made small, with
few colors, since they are kept in the repository.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures"
WIDTH = 1100
"""The largest width of a picture, in pixels."""

RUNS = {"mnist": "mnist", "spiral": "spiral", "cubic": "cubic-adam", "diabetes": "diabetes"}
"""The runs that pictures are drawn of, by id, and their configs."""

PICTURES = {
    "mnist-data.png": "data describe mnist --picture {file}",
    "mnist-loss.png": "mnist loss",
    "mnist-confusion.png": "mnist confusion",
    "spiral-regions.png": "spiral regions",
    "cubic-predictions.png": "cubic predictions",
    "mnist-weights.png": "mnist weights",
    "diabetes-importance.png": "diabetes importance",
    "spiral-network.png": "spiral network",
    "explain.png": "explain wine --output {file}",
    "lr-find.png": "lr-find spiral --picture {file}",
    "gradcheck.png": "gradcheck --only dense --only relu --only cross_entropy --picture {file}",
}
"""Each picture: a command of nnfs that writes {file}, or a run and the name of one of its plots."""


def make(folder: Path) -> None:
    """Make all pictures into a folder."""
    with tempfile.TemporaryDirectory() as place:
        for run, config in RUNS.items():
            nnfs(place, "train", config, "--id", run, "--quiet")
            nnfs(place, "plot", run)
        for name, source in PICTURES.items():
            file = Path(place) / name
            if "{file}" in source:
                nnfs(place, *source.format(file=file).split())
            else:
                run, plot = source.split()
                file = Path(place) / "runs" / run / "plots" / f"{plot}{file.suffix}"
            shrink(file, folder / name)


def nnfs(place: str, *arguments: str) -> None:
    """Run a command of nnfs in a folder."""
    command = [sys.executable, "-m", "nnfs_cli", *arguments]
    subprocess.run(command, cwd=place, check=True, stdout=subprocess.DEVNULL)


def shrink(source: Path, target: Path) -> None:
    """Write a picture with at most 128 colors and a bounded width; an animation stays as it is."""
    if source.suffix != ".png":
        target.write_bytes(source.read_bytes())
        return
    with Image.open(source) as image:
        small = image.convert("RGB")
    small.thumbnail((WIDTH, 10 * WIDTH), Image.Resampling.LANCZOS)
    small.quantize(128, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    make(FOLDER)
