"""The start of a study: its config is checked and completed before anything is trained."""

from dataclasses import replace
from pathlib import Path

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.extending import is_within
from nnfs_cli.config.flat import flat_options
from nnfs_cli.config.reader import shown, to_plain
from nnfs_cli.config.study import StudyConfig
from nnfs_cli.config.variation import Variation
from nnfs_cli.core.errors import ConfigError, Mistake, NnfsError, listed
from nnfs_cli.core.spelling import typed
from nnfs_cli.jobs.study import Conductor
from nnfs_cli.studies.directory import StudyDirectory
from nnfs_cli.studies.plan import Plan, Trial
from nnfs_cli.studies.sampling import sampler_of
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loading import load_data

HELD_OUT = 0.2
"""The share of the rows that a study holds out, where choosing needs some and the config holds out none."""
MOST_SHOWN = 10
PURPOSES = {
    "validation": "so that trials can be compared",
    "test": "so that the winner is scored on rows that took no part in choosing it",
}


def completed(config: ExperimentConfig, source: str) -> tuple[ExperimentConfig, list[str]]:
    """The config that all runs of its study share, and sentences on what was decided for the user.

    ConfigError if it cannot be conducted: one message, before anything is trained.
    """
    if config.study is None:
        raise ConfigError(
            source,
            [Mistake("study", "missing; write for example `study: {seeds: 10}`, or `nnfs train --seeds 10`")],
        )
    plan, notes = Plan(config), []
    config = replace(config, training=replace(config.training, monitor=plan.monitor))
    Variation(config, source).check()
    if plan.study.halving and plan.study.halving.first >= plan.epochs:
        text = f"must be below the {plan.epochs} epochs of training, found {plan.study.halving.first}"
        raise ConfigError(source, [Mistake("study.halving.first", text)])
    if plan.study.folds and plan.study.folds.repeats > 1 and getattr(config.dataset, "time", None):
        found = plan.study.folds.repeats
        text = f"must be 1 for folds by `dataset.time`, which are the same each time, found {found}"
        raise ConfigError(source, [Mistake("study.folds.repeats", text)])
    sampler_of(plan.study, config.seed, maximize=False)  # it says so if a package is missing
    of_data = [key for key in plan.study.spaces if is_within(key, ["dataset"])]
    if config.split_seed is None and (plan.chooses or plan.study.folds):
        config = replace(config, split_seed=config.seed)
        which = "are split" if of_data else "have the same test rows, drawn"
        notes.append(f"all runs {which} by `split_seed: {config.seed}`; `--set split_seed=N` draws others")
    if of_data:
        notes.append(
            f"trials may have other rows, since {listed(of_data)} is varied; then their scores hardly compare"
        )
    if plan.chooses and plan.study.sampler == "auto" and plan.study.chosen_by == "random":
        notes.append("trials are drawn at random; `--set study.sampler=tpe` learns from the trials before")
    for name in _missing(config, source) if plan.chooses else ():
        config = _holding_out(config, source, name)
        notes.append(
            f"the data have no {name} rows: the study holds out `dataset.{name}: {HELD_OUT}`, "
            f"{PURPOSES[name]}; `--set dataset.{name}=N` changes it"
        )
    Experiment(_first_config(config, source))
    return config, notes


def _missing(config: ExperimentConfig, source: str) -> list[str]:
    """The splits that choosing needs and the data do not have."""
    splits = load_data(_first_config(config, source)).splits
    return [name for name in PURPOSES if name not in splits]


def _first_config(config: ExperimentConfig, source: str) -> ExperimentConfig:
    """The config of the first run, without any varied option."""
    run = Plan(config).runs_of(Trial(0))[0]
    try:
        return Variation(config, source).config(run.overrides)
    except ConfigError as error:
        texts = [mistake for mistake in error.mistakes if mistake.path.startswith("dataset.validation")]
        if not (texts and run.fold is not None):
            raise
        kind = config.dataset.type_name
        text = f"the dataset {kind} cannot be cut into folds: {texts[0]}"
        raise ConfigError(source, [Mistake("study.folds", text)]) from None


def _holding_out(config: ExperimentConfig, source: str, name: str) -> ExperimentConfig:
    try:
        found = Variation(config, source).config([(f"dataset.{name}", HELD_OUT)])
    except ConfigError:
        raise NnfsError(
            f"{source}: the data have no {name} rows, which a study that chooses needs, {PURPOSES[name]}; "
            f"the dataset {config.dataset.type_name} cannot hold out some by itself: give it {name} rows"
        ) from None
    return replace(found, study=config.study)


def with_seeds(config: ExperimentConfig, seeds: int) -> ExperimentConfig:
    """The config as a study that trains its one run with so many seeds."""
    return replace(config, study=StudyConfig(seeds=seeds))


def begun(root: Path, config: ExperimentConfig, source: str, study_id: str | None = None) -> Conductor:
    """A new study in `root`, ready to be conducted. NnfsError if its config cannot be."""
    config, notes = completed(config, source)
    study = StudyDirectory.create(root, config, study_id)
    return Conductor(study, study.config(), notes)


def reopened(
    folder: Path, config: ExperimentConfig | None = None, source: str = "", *, trust_plugins: bool = False
) -> Conductor:
    """A study to go on with. NnfsError if a config is given that is not the study's."""
    study = StudyDirectory(folder, trust_plugins=trust_plugins)
    known = study.config()
    if config is not None:
        given, _ = completed(config, source)
        # The study has its own copies of plugins.
        now, before = (dict(flat_options(to_plain(replace(each, plugins=())))) for each in (given, known))
        changed = [key for key in {**before, **now} if before.get(key) != now.get(key)]
        if changed:
            lines = [
                f"{key}: {shown(before.get(key))} -> {shown(now.get(key))}" for key in changed[:MOST_SHOWN]
            ]
            again = typed("study", "--resume", folder)
            advice = f"`{again}` goes on with its own config; another --id starts another study"
            raise NnfsError("\n  ".join([f"{source} is not the config of {folder}", *lines, advice]))
    return Conductor(study, known)
