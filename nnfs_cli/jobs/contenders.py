"""Who is compared: runs, runs of one config with several seeds together, and studies."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.reader import shown, to_plain
from nnfs_cli.config.repeats import draw_of, own_options
from nnfs_cli.core.errors import ConfigError, DamageError, NnfsError, counted, listed
from nnfs_cli.core.spelling import typed
from nnfs_cli.jobs.checkpoint import plugins_of
from nnfs_cli.jobs.recorded import COPIES, Score, recorded_scores
from nnfs_cli.preprocessing.folds import Fold
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.finding import find_kept, is_study, run_folders, run_name
from nnfs_cli.studies.directory import SUMMARY, StudyDirectory

MOST_ROWS = 2**53


class Member:
    """A run of a contender."""

    def __init__(self, run: RunDirectory) -> None:
        self.run = run

    @property
    def name(self) -> str:
        """What it is called among others: its id; of one in a study `study/run`."""
        return run_name(self.run.path)

    @cached_property
    def config(self) -> ExperimentConfig:
        return self.run.config()

    @cached_property
    def summary(self) -> dict[str, Any]:
        return self.run.summary() if self.run.has("summary.json") else {}

    @property
    def status(self) -> str:
        return str(self.summary.get("status", "no summary.json"))

    @cached_property
    def options(self) -> dict[str, Any]:
        """The resolved config as plain values, but for the run's copies of files."""
        return {key: value for key, value in to_plain(self.config).items() if key not in COPIES}

    @cached_property
    def kind(self) -> Any:
        """Equal for runs whose configs differ in what is drawn alone."""
        weights = self.summary.get("initial_weights")
        own = weights.get("sha256") if isinstance(weights, dict) else None
        return own_options(self.options), plugins_of(self.run), own

    @cached_property
    def draw(self) -> tuple[tuple[str, str], ...]:
        """Its seeds, and its fold if it has one: equal for runs that pair."""
        return tuple(sorted((key, shown(value)) for key, value in draw_of(self.options).items()))

    @property
    def is_fold(self) -> bool:
        return self.folds > 0

    @cached_property
    def folds(self) -> int:
        """How many folds its rows were cut into; 0 if they were not."""
        validation = getattr(self.config.dataset, "validation", 0)
        return validation.of if isinstance(validation, Fold) else 0

    @property
    def rows_draw(self) -> tuple[tuple[str, str], ...]:
        """What drew its rows: of its seeds only those of the splits, if they have their own."""
        has_own = self.options.get("split_seed") is not None
        return tuple((key, value) for key, value in self.draw if not (has_own and key == "seed"))

    @cached_property
    def scores(self) -> dict[str, dict[str, Score]]:
        return recorded_scores(self.summary)

    def rows(self, split: str) -> int:
        """How many rows a split had; 0 if that is not known."""
        rows = self.summary.get("rows")
        found = rows.get(split) if isinstance(rows, dict) else None
        return found if isinstance(found, int) and 0 < found < MOST_ROWS else 0


@dataclass(frozen=True)
class Contender:
    """A config with its runs.

    name: what it is called: the run as it was named, or the study; of several runs with their number.
    members: its runs that have scores, in order of their folders.
    ids: of what was named: a study's, or those of the runs.
    home: the folder of runs where it is.
    notes: sentences on what was left out of it, or chosen for the user.
    """

    name: str
    members: tuple[Member, ...]
    ids: tuple[str, ...]
    home: Path
    notes: tuple[str, ...] = ()

    @property
    def first(self) -> Member:
        return self.members[0]

    @property
    def is_single(self) -> bool:
        return len(self.members) == 1


def find_contenders(root: Path, references: Sequence[str], *, trust_plugins: bool = False) -> list[Contender]:
    """What paths, ids or `latest` name: studies, and runs, of which those that repeat a config are one.

    NnfsError unless there are two or more, each with a run that has scores.
    """
    found: dict[int, Contender] = {}
    runs: list[tuple[int, str, Member]] = []
    named: dict[Path, tuple[Path, str]] = {}
    for reference in references:
        folder = find_kept(root, reference)
        name = folder.name if reference == "latest" else reference
        named.setdefault(folder.resolve(), (folder, name))
    for place, (folder, name) in enumerate(named.values()):
        if is_study(folder):
            found[place] = _of_study(name, folder, trust_plugins=trust_plugins)
        else:
            runs.append((place, name, Member(RunDirectory(folder, trust_plugins=trust_plugins))))
    found |= _of_runs(runs, alone=not found)
    contenders = [found[place] for place in sorted(found)]
    if len(contenders) < 2:
        names = listed([contender.name for contender in contenders])
        raise NnfsError(f"compare: needs two or more different runs or studies, found {names} alone")
    paths = {member.run.path.resolve() for member in contenders[0].members}
    for other in contenders[1:]:
        if twice := [member.name for member in other.members if member.run.path.resolve() in paths]:
            raise NnfsError(
                f"compare: {contenders[0].name} has {listed(twice)} too; name others than its own"
            )
    return contenders


def _of_runs(named: Sequence[tuple[int, str, Member]], *, alone: bool) -> dict[int, Contender]:
    """Contenders by their places, of runs that were named one by one.

    Those that repeat a config are one. If all repeat the same, and no study was named, each stands alone.
    """
    groups = _grouped([member for _, _, member in named])
    if alone and len(groups) == 1:
        groups = [[member] for _, _, member in named]
    first = {id(member): (place, name) for place, name, member in named}
    places = [(*first[id(members[0])], members) for members in groups]
    return {
        place: _contender(name, members, [each.name for each in members]) for place, name, members in places
    }


def _of_study(name: str, folder: Path, *, trust_plugins: bool) -> Contender:
    """A study: all its runs, or those of its winner if it chooses among trials."""
    study, again = StudyDirectory(folder), typed("study", "--resume", folder)
    runs = [RunDirectory(path, trust_plugins=trust_plugins) for path in sorted(run_folders(folder))]
    members, notes = _readable(runs)
    if not members:
        raise NnfsError(f"{folder}: a study without runs; `{again}` goes on with it")
    trials = len(_grouped(members))
    if trials > 1:
        winner = study.summary().get("winner") if study.has(SUMMARY) else None
        names = winner.get("runs") if isinstance(winner, dict) else None
        members = [member for member in members if isinstance(names, list) and member.run.id in names]
        if not members:
            raise NnfsError(f"{folder}: the study has chosen no trial yet; `{again}` goes on with it")
        ids = listed([member.run.id for member in members], 3)
        notes.append(
            f"{name}: the winner of its {trials} trials is compared, {ids}; validation rows chose it, "
            f"which flatters its scores there"
        )
    return _contender(name, members, [folder.name], notes)


def _readable(runs: Sequence[RunDirectory]) -> tuple[list[Member], list[str]]:
    """The runs that can be read, and a note on each other one: one damaged run does not spoil a study."""
    members, notes = [], []
    for member in map(Member, runs):
        try:
            _ = member.kind, member.scores
            members.append(member)
        except (DamageError, ConfigError) as error:
            notes.append(f"left out, since it cannot be read: {error}")
    return members, notes


def _contender(
    name: str, members: Sequence[Member], ids: Sequence[str], notes: Sequence[str] = ()
) -> Contender:
    """A contender of the runs that have scores; the others are told."""
    scored = [member for member in members if member.scores]
    lost = [f"{member.name} ({member.status})" for member in members if not member.scores]
    if not scored:
        raise NnfsError(f"{name}: there are no scores to compare yet: {listed(lost)}")
    if lost:
        notes = [*notes, f"{name}: {counted(len(lost), 'run')} left out, without scores: {listed(lost)}"]
    for member in scored:
        if member.status != "completed":
            done, planned = (member.summary.get(key) for key in ("epochs", "epochs_planned"))
            notes = [
                *notes,
                f"{member.name}: {member.status}; its scores are those after epoch {done} of {planned}",
            ]
    folder = scored[0].run.path.absolute().parent
    home = folder.parent if is_study(folder) else folder
    runs = f" ({len(scored)} runs)" if len(scored) > 1 else ""
    return Contender(name + runs, tuple(scored), tuple(ids), home, tuple(notes))


def _grouped(members: Sequence[Member]) -> list[list[Member]]:
    """Runs in groups, each of one config but for what is drawn."""
    groups: list[list[Member]] = []
    for member in members:
        group = next((each for each in groups if each[0].kind == member.kind), None)
        if group is None:
            groups.append([member])
        else:
            group.append(member)
    return groups
