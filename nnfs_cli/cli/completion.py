"""What the shell completes after `nnfs --install-completion`: runs, configs, components, pictures, ..."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import typer

from nnfs_cli.core.spelling import is_printable
from nnfs_cli.sources.shipped import shipped_configs


def complete_run(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of runs, the newest first; `latest`; and the paths of folders."""
    folder = Path(context.params.get("runs") or "runs")
    runs = [path.parent for path in folder.glob("*/config.yaml")]
    newest_first = sorted(runs, key=_modified, reverse=True)
    return _starting([*(run.name for run in newest_first), "latest"], incomplete) + list(
        _paths(incomplete, ())
    )


def complete_study(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of studies, the newest first."""
    folder = Path(context.params.get("runs") or "runs")
    studies = sorted((path.parent for path in folder.glob("*/study.yaml")), key=_modified, reverse=True)
    return _starting((study.name for study in studies), incomplete)


def complete_run_or_study(context: typer.Context, incomplete: str) -> list[str]:
    """The same, and runs."""
    return complete_study(context, incomplete) + complete_run(context, incomplete)


def complete_config_or_study(context: typer.Context, incomplete: str) -> list[str]:
    """Configs, and studies to go on with."""
    return complete_config(incomplete) + complete_study(context, incomplete)


def complete_config(incomplete: str) -> list[str]:
    """The configs that come with nnfs, by name, and YAML files."""
    return _starting(shipped_configs(), incomplete) + list(_paths(incomplete, (".yaml", ".yml")))


def complete_config_or_plugin(incomplete: str) -> list[str]:
    """The same, and Python files."""
    return _starting(shipped_configs(), incomplete) + list(_paths(incomplete, (".yaml", ".yml", ".py")))


def complete_config_or_run(context: typer.Context, incomplete: str) -> list[str]:
    """Configs, and runs."""
    return list(dict.fromkeys([*complete_config(incomplete), *complete_run(context, incomplete)]))


def complete_kind(incomplete: str) -> list[str]:
    """The kinds of components, then their names."""
    from nnfs_cli.config.catalog import catalog

    entries = catalog(None, None)
    names = dict.fromkeys([*(entry.kind for entry in entries), *(entry.name for entry in entries)])
    return _starting(names, incomplete)


def complete_component(context: typer.Context, incomplete: str) -> list[str]:
    """The names of components, of one kind if the command line says which."""
    from nnfs_cli.config.catalog import catalog

    entries = catalog(None, None)
    kind = context.params.get("kind")
    of_kind = [entry for entry in entries if entry.kind == kind] or entries
    return _starting(dict.fromkeys(entry.name for entry in of_kind), incomplete)


def complete_check(incomplete: str) -> list[str]:
    """The names of the doctor's checks."""
    from nnfs_cli.doctor.examine import choose

    return _starting(choose(), incomplete)


def complete_picture(incomplete: str) -> list[str]:
    """The names of the pictures of runs and studies."""
    from nnfs_cli import plots
    from nnfs_cli.plots import study

    return _starting(dict.fromkeys([*plots.NAMES, *study.NAMES]), incomplete)


def complete_split(incomplete: str) -> list[str]:
    """The names of splits."""
    return _starting(("train", "validation", "test"), incomplete)


def _modified(path: Path) -> float:
    """When a folder was changed; 0 if it is gone by now."""
    return path.stat().st_mtime if path.exists() else 0.0


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete) and is_printable(name)]


def _paths(incomplete: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    """Folders, each with a slash at its end, and files with these suffixes that begin as was typed."""
    folder, start = os.path.split(incomplete)
    try:
        entries = sorted(os.scandir(folder or "."), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        hidden = entry.name.startswith(".") and not start.startswith(".")
        if not entry.name.startswith(start) or hidden or not is_printable(entry.name):
            continue
        typed = incomplete[: len(incomplete) - len(start)] + entry.name
        if entry.is_dir():
            yield typed + os.sep
        elif suffixes and entry.name.endswith(suffixes):
            yield typed
