"""The configs and small tables that come with nnfs: inside the package, or in the checkout around it."""

from pathlib import Path

PACKAGE = Path(__file__).parent.parent


def shipped_folder() -> Path:
    """The folder of `configs/` and `data/`. An installed package has copies in `shipped/`."""
    installed = PACKAGE / "shipped"
    return installed if installed.is_dir() else PACKAGE.parent


def shipped_configs() -> dict[str, Path]:
    """The configs by name: {"mnist": .../configs/mnist.yaml}."""
    files = (shipped_folder() / "configs").glob("*.yaml")
    return {file.stem: file for file in sorted(files, key=lambda file: file.stem)}
