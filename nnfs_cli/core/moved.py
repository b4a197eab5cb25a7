"""Old import paths: an import of an old path raises an error that gives the new path.

Two tables hold the old paths, without `nnfs_cli.`. A finder in `sys.meta_path` reads them: Python asks it
before it looks for a module's file, so old modules need no file and changed modules need no code.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import NoReturn

MODULES: Mapping[str, Sequence[str]] = {
    "answers": ["jobs.predict"],
    "batches": ["engine.batch"],
    "catalog": ["config.catalog"],
    "checks": ["training.checks"],
    "cli.tables": ["cli.data_tables"],
    "cli.transfers": ["cli.downloads"],
    "conduct": [
        "jobs.train", "jobs.resume", "jobs.load", "jobs.evaluate", "jobs.summary", "core.interrupts",
    ],
    "core.affine": ["preprocessing.affine"],
    "core.augmentation": ["preprocessing.augmentation"],
    "core.blas": ["speed.blas"],
    "core.erf": ["kernels.erf"],
    "core.preparation": ["preprocessing.preparation"],
    "core.records": ["preprocessing.records", "training.reports"],
    "core.signals": ["core.interrupts"],
    "core.warp": ["preprocessing.warp"],
    "core.words": ["config.words"],
    "descent": ["engine.descent"],
    "description": ["preprocessing.description"],
    "evaluation": ["training.evaluation", "jobs.plot_data"],
    "experiment": ["training.experiment", "training.state"],
    "gradcheck.steps": ["gradcheck.step_sizes"],
    "inference": ["engine.inference"],
    "kaggle": ["jobs.kaggle"],
    "layers.products": ["speed.products"],
    "layers.windows": ["kernels.windows"],
    "model": ["training.model"],
    "network": ["engine.network"],
    "passes": ["engine.step"],
    "plots.describe": ["plots.dataset"],
    "plots.describe_images": ["plots.dataset_images"],
    "plots.describe_table": ["plots.dataset_table"],
    "plots.steps": ["plots.step_sizes"],
    "plugins": ["config.plugins"],
    "relations": ["preprocessing.correlations"],
    "schema": ["config.reader"],
    "shared_dense": [],
    "shares": [],
    "sharing": ["speed.workers", "speed.all_reduce"],
    "sources.fitting": ["preprocessing.fitting", "core.arrays", "sources.arrays"],
    "sources.named": ["sources.published_files"],
    "sources.parsed": ["sources.table_cache"],
    "sources.splitting": ["preprocessing.splitting"],
    "sources.tabular": ["sources.table_reader"],
    "steps": ["engine.step"],
    "threads": ["speed.plan", "core.blas_threads"],
    "trainer": ["training.loop"],
}  # fmt: skip
"""Modules that no longer exist, with the modules that hold their code now: none if it was deleted."""

NAMES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "config": {
        "ExperimentConfig": ["config.experiment"],
        "TrainingConfig": ["config.experiment"],
        "config_from": ["config.load"],
        "load_config": ["config.load"],
        "parse_config": ["config.load"],
    },
    "core.params": {"ones": ["core.arrays"], "row_numbers": ["core.arrays"]},
    "layers.base": {"ShapeError": ["core.errors"], "prepare": [], "prepared": [], "Call": []},
    "runs": {
        "Recorder": ["runs.recorder"],
        "RunDirectory": ["runs.directory"],
        "all_runs": ["runs.directory"],
        "epoch_row": ["runs.recorder"],
        "finite": ["runs.directory"],
        "overview": ["runs.listing"],
        "run_stem": ["runs.directory"],
    },
}
"""Modules that lost names, with the modules that hold these names now: none if a name was deleted."""


def install(face: Mapping[str, str]) -> None:
    """From now on, explain old paths. `face` gives the module of each name that plugins may import."""
    sys.meta_path.insert(0, _Finder(face))


class _Finder:
    """Raises an error for modules that moved, and makes modules that lost names raise one for these."""

    def __init__(self, face: Mapping[str, str]) -> None:
        self._face = face

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, module = fullname.partition(".")
        if package != "nnfs_cli":
            return None
        if module in MODULES:
            # The error has no `name`: else `from nnfs_cli import network` would end with Python's message.
            raise ModuleNotFoundError(self._message(fullname, MODULES[module]))
        if module not in NAMES:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path, partial(self._refuse, fullname))
        return spec

    def _refuse(self, module: str, name: str) -> NoReturn:
        """A module's `__getattr__`, which Python calls for names that the module does not have."""
        places = NAMES[module.partition(".")[2]].get(name)
        if places is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        raise ImportError(self._message(f"{module}.{name}", places, name))

    def _message(self, old: str, places: Sequence[str], name: str | None = None) -> str:
        new = [f"nnfs_cli.{place}" for place in places]
        fate = f"has moved to {', '.join(new)}" if new else "no longer exists"
        offered = [known for known, home in self._face.items() if home in new and name in (None, known)]
        if offered:
            return f'{old} {fate}; in a plugin write "from nnfs_cli import {", ".join(offered)}"'
        return f"{old} {fate}; plugins import from nnfs_cli alone, see docs/plugins.md for its names"


class _Loader(SourceFileLoader):
    """Loads a module that lost names, with a `__getattr__` that explains them."""

    def __init__(self, fullname: str, path: str, refuse: "partial[NoReturn]") -> None:
        super().__init__(fullname, path)
        self._refuse = refuse

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__getattr__"] = self._refuse
        super().exec_module(module)
