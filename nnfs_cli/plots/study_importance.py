"""importance.png: which of the varied options decide whether a trial is among the best."""

from typing import Any

import numpy as np

from nnfs_cli.core.errors import counted
from nnfs_cli.plots.history import subtitle
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import shorten_names
from nnfs_cli.plots.study_values import LackingError, need_trials, title
from nnfs_cli.plots.style import BLUE, panels
from nnfs_cli.studies.record import Option, StudyRecord

FEWEST, BEST, FEWEST_BEST = 15, 0.1, 5
"""Trials; the share of them that counts as the best, and how many it has at least, as Optuna advises."""
MOST_LETTERS = 32


def draw(record: StudyRecord) -> Axes:
    """A bar for each option, the most important on top."""
    need_trials(record, FEWEST)
    if len(record.options) < 2:
        raise LackingError("it needs two varied options, found one")
    share = max(BEST, FEWEST_BEST / len(record.ranked))
    found = importances(record, share)
    names, values = shorten_names(list(found), MOST_LETTERS), list(found.values())
    (axes,) = panels([title(record, "importance of the options")], (9.8, 1.9 + 0.45 * len(names)))
    bars = axes.barh(range(len(names)), values, color=BLUE, height=0.6)
    axes.bar_label(bars, [f"{100 * value:.0f} %" for value in values], padding=4)
    axes.set_yticks(range(len(names)), names)
    axes.set(
        ylim=(len(names) - 0.4, -0.6), xlim=(0, 1.12 * max(*values, 0.1)), xlabel="share of the importance"
    )
    axes.grid(visible=False, axis="y")
    best = max(round(share * len(record.ranked)), 1)
    subtitle(
        axes, f"Optuna's PED-ANOVA: the best {best} of {counted(len(record.ranked), 'trial')} against all"
    )
    return axes


def importances(record: StudyRecord, share: float) -> dict[str, float]:
    """By option, its share of what tells the best `share` of the trials from all, the largest first.

    It depends on the order of the trials alone. So a few bad values do no harm, and with halving those
    left behind count as worse than those that were not.

    Watanabe, Bansal and Hutter, 2023, PED-ANOVA. LackingError without Optuna.
    """
    try:
        import optuna
    except ModuleNotFoundError:
        raise LackingError("it needs Optuna: `pip install 'nnfs-cli[study]'`") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="minimize")
    distributions = {option.key: _distribution(option, optuna.distributions) for option in record.options}
    for rank, trial in enumerate(record.ranked):
        places = {option.key: option.place(trial.cells[option.key]) for option in record.options}
        if not all(map(np.isfinite, places.values())):
            continue
        whole = {o.key for o in record.options if o.space.kind in ("choices", "int")}
        params = {key: int(place) if key in whole else place for key, place in places.items()}
        study.add_trial(
            optuna.trial.create_trial(params=params, distributions=distributions, value=float(rank))
        )
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=share)
    found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return dict(sorted(found.items(), key=lambda each: -each[1]))


def _distribution(option: Option, kinds: Any) -> Any:
    """What an option's values were drawn from, as one of the `kinds` of distributions that Optuna has."""
    if option.labels:
        return kinds.CategoricalDistribution(range(len(option.labels)))
    if option.space.kind == "int":
        return kinds.IntDistribution(*option.space.values)
    return kinds.FloatDistribution(*option.space.values, log=option.is_log)
