"""Every picture of the documentation, made from the configs that come with nnfs: `make gallery`.

All seeds are fixed, so the pictures change only when the code that draws them does. They are made small, with
few colors, since they are kept in the repository. The report is photographed by Chromium.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures"
CHROMIUM = Path("/usr/bin/chromium")
HEADLESS = "--headless --no-sandbox --disable-gpu --no-first-run --hide-scrollbars --virtual-time-budget=5000"
WIDTH = 1100
"""The largest width of a picture, in pixels."""

COMMANDS = (
    "train mnist --id mnist --quiet",
    "train spiral --id spiral --quiet",
    "train spiral --id spiral-2 --set seed=2 --quiet",
    "train spiral --id spiral-3 --set seed=3 --quiet",
    "train spiral --id tanh --set layers.1=tanh --set layers.3=tanh --quiet",
    "train cubic-adam --id cubic --quiet",
    "train diabetes --id diabetes --quiet",
    "plot mnist",
    "plot spiral",
    "plot cubic",
    "plot diabetes",
    "plot spiral spiral-2 spiral-3 tanh --only loss --output compared",
    "data describe mnist --picture mnist-data.png",
    "explain wine --output explain.png",
    "lr-find spiral --picture lr-find.png",
    "gradcheck --only dense --only relu --only cross_entropy --picture gradcheck.png",
    "report mnist --output report.html",
)
"""What is run, in an empty folder."""

PICTURES = {
    "mnist-data.png": "mnist-data.png",
    "mnist-loss.png": "runs/mnist/plots/loss.png",
    "mnist-confusion.png": "runs/mnist/plots/confusion.png",
    "mnist-mistakes.png": "runs/mnist/plots/mistakes.png",
    "mnist-weights.png": "runs/mnist/plots/weights.png",
    "spiral-regions.png": "runs/spiral/plots/regions.png",
    "spiral-growth.gif": "runs/spiral/plots/growth.gif",
    "spiral-network.png": "runs/spiral/plots/network.png",
    "cubic-predictions.png": "runs/cubic/plots/predictions.png",
    "cubic-residuals.png": "runs/cubic/plots/residuals.png",
    "diabetes-importance.png": "runs/diabetes/plots/importance.png",
    "compared-loss.png": "compared/loss.png",
    "explain.png": "explain.png",
    "lr-find.png": "lr-find.png",
    "gradcheck.png": "gradcheck.png",
    "report.png": "report.html",
}
"""Each picture, and the file that it is made of."""


def make(folder: Path) -> None:
    """Make all pictures into a folder; without Chromium, all but those of pages."""
    with tempfile.TemporaryDirectory() as place:
        for command in COMMANDS:
            nnfs = [sys.executable, "-m", "nnfs_cli", *command.split()]
            subprocess.run(nnfs, cwd=place, check=True, stdout=subprocess.DEVNULL)
        for name, made in PICTURES.items():
            source = Path(place) / made
            if source.suffix == ".html":
                if not CHROMIUM.exists():
                    continue
                source = photographed(source)
            shrink(source, folder / name)


def photographed(page: Path, height: int = 1990) -> Path:
    """A picture of the upper part of a page."""
    picture = page.with_suffix(".png")
    profile = page.parent / "profile"
    options = [*HEADLESS.split(), f"--user-data-dir={profile}", f"--window-size={WIDTH},{height}"]
    command = [str(CHROMIUM), *options, f"--screenshot={picture}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True)
    return picture


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
    if not CHROMIUM.exists():
        print(f"{CHROMIUM} is missing: the pictures of pages stay as they are")  # noqa: T201
    make(FOLDER)
