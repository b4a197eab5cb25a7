"""What a study comes to: its summary, and the winner's config with a word on where it comes from."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.variation import Variation
from nnfs_cli.core.errors import counted, listed
from nnfs_cli.core.machine import machine
from nnfs_cli.jobs.summary import versions
from nnfs_cli.studies.plan import Trial
from nnfs_cli.studies.record import as_text
from nnfs_cli.studies.results import Mean, Results
from nnfs_cli.training.reports import interval_text

LOST = ("failed", "diverged")


def study_summary(results: Results) -> dict[str, Any]:
    """The contents of a study's summary.json."""
    plan, winner = results.plan, results.winner
    return {
        "monitor": plan.monitor,
        "maximize": results.maximize,
        "sampler": plan.study.chosen_by if plan.chooses else None,
        "trials": len(results.trials),
        "trials_by_status": dict(Counter(map(results.status, results.trials))),
        "runs": len(results.outcomes),
        "runs_per_trial": plan.runs_per_trial,
        "seeds": list(plan.seeds),
        "test_shares": results.shares(),
        **({"winner": _winner_record(results, winner)} if winner else {}),
        "versions": versions(),
        "machine": machine(),
    }


def _winner_record(results: Results, winner: Trial) -> dict[str, Any]:
    scores, monitored = results.scores(winner), results.monitored(winner)
    return {
        "trial": winner.number,
        "options": dict(winner.options),
        "runs": [run.name for run in results.plan.runs_of(winner)],
        "monitored": monitored.to_json() if monitored else None,
        "scores": {
            split: {name: mean.to_json() for name, mean in names.items()} for split, names in scores.items()
        },
        "test_rows_took_no_part": results.plan.chooses and "test" in scores and results.has_same_test_rows,
    }


def best_config(winner: Trial, variation: Variation, seed: int) -> ExperimentConfig:
    """The config of the winner's first seed."""
    return variation.config([*winner.options.items(), ("seed", seed)])


def where_best_is_from(study_id: str, name: str, results: Results) -> list[str]:
    """The comments that best.yaml begins with."""
    return [f"From the study {study_id} of {name}.", *verdict(results), "`nnfs train` trains it."]


def verdict(results: Results) -> list[str]:
    """What a study that chooses found, in sentences."""
    winner, plan = results.winner, results.plan
    if winner is None:
        return ["No trial was trained to its end."]
    scores, monitored = results.scores(winner), results.monitored(winner)
    found = [
        f"The best of {counted(len(results.trials), 'trial')} is trial {winner.number}: "
        f"{options_text(winner.options)}."
    ]
    if monitored:
        mean = f", the mean of {plan.runs_per_trial} runs" if plan.runs_per_trial > 1 else ""
        found.append(
            f"Its {plan.monitor} is {mean_text(monitored)}{mean}. It was chosen by this value, which "
            f"therefore flatters it."
        )
    if "test" in scores:
        where = "On test rows, which took no part in choosing"
        if not results.has_same_test_rows:
            where = "On its own test rows, which other trials do not share, so that scores hardly compare"
        found.append(f"{where}: {means_text(scores['test'])}.")
    lost = Counter(status for trial in results.trials if (status := results.status(trial)) in LOST)
    if lost:
        counts = " and ".join(f"{count} {status}" for status, count in lost.items())
        why = first_failure(results).partition("\n")[0]
        found.append(f"Without a score: {counts}{why}.")
    return found


def options_text(options: Mapping[str, Any]) -> str:
    """`optimizer.learning_rate 0.01, layers.1.units 64`."""
    return ", ".join(f"{key} {value}" for key, value in option_texts(options).items())


def option_texts(options: Mapping[str, Any]) -> dict[str, str]:
    """The values of a trial's options as texts."""
    return {
        key: f"{value:.4g}" if isinstance(value, float) else as_text(value) for key, value in options.items()
    }


def mean_text(mean: Mean) -> str:
    """`0.931 [0.905, 0.951] (t over 10 runs)`."""
    text = interval_text(mean.value, mean.interval, 4)
    return f"{text} ({mean.interval.method})" if mean.interval.exists else text


def means_text(means: Mapping[str, Mean]) -> str:
    """`loss 0.31 [0.28, 0.34], accuracy 0.92 [0.90, 0.94] (t over 10 runs)`."""
    texts = [f"{name} {interval_text(mean.value, mean.interval, 4)}" for name, mean in means.items()]
    methods = dict.fromkeys(mean.interval.method for mean in means.values() if mean.interval.exists)
    return ", ".join(texts) + (f" ({'; '.join(methods)})" if methods else "")


def why_no_winner(results: Results) -> str:
    """Why no trial could be chosen: none was trained to its end, or none has the value to choose by."""
    ended = [outcome for trial in results.trials for outcome in results.completed(trial)]
    lacking = [outcome.name for outcome in ended if outcome.value is None]
    if not lacking:
        return f"no trial was trained to its end{first_failure(results)}"
    monitor, some = results.plan.monitor, listed(lacking, 3)
    return (
        f"no trial can be chosen by {monitor}: it is undefined in {some}; `study.monitor` names another value"
    )


def first_failure(results: Results) -> str:
    """Why the first run failed, behind a colon; an empty text if none did."""
    failed = [outcome for outcome in results.outcomes.values() if outcome.status in ("failed", "diverged")]
    failed.sort(key=lambda outcome: outcome.name)
    return f": {failed[0].name}: {failed[0].note}" if failed else ""
