"""Progress of a study: a line for each run that ends, below them a live bar in a terminal; then the table."""

from collections.abc import Sequence
from contextlib import closing

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from nnfs_cli.cli.console import note, show_paths, warn
from nnfs_cli.cli.screen import Table, out
from nnfs_cli.cli.streams import outlive_streams, say_at_once
from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.blas_threads import usable_cores
from nnfs_cli.core.errors import counted
from nnfs_cli.jobs.study import Conductor, RunEnd
from nnfs_cli.jobs.study_dask import DaskWorkers
from nnfs_cli.jobs.study_pictures import draw_at_end
from nnfs_cli.jobs.study_summary import first_failure, mean_text, option_texts, options_text, verdict
from nnfs_cli.jobs.study_workers import Processes, Workers
from nnfs_cli.runs.listing import default_split
from nnfs_cli.studies.plan import Plan
from nnfs_cli.studies.results import Results
from nnfs_cli.studies.sampling import sampler_of
from nnfs_cli.training.reports import format_score, interval_text, scores_text

MOST_TRIALS = 10
"""Trials that are shown at the end. trials.csv has all."""


def conduct_and_show(conductor: Conductor, jobs: int | None, dask: str | None, *, quiet: bool) -> None:
    """Conduct a study; show how its runs end, its best trials, what it found and where it is."""
    outlive_streams()
    jobs = min(jobs or usable_cores(), conductor.plan.most_at_once)
    workers: Workers = Processes(jobs, say_at_once) if dask is None else DaskWorkers(dask, say_at_once)
    with conductor.study.conducting():
        if quiet:
            for _ in conductor.conduct(workers):
                pass
            _draw(conductor)
            show_paths([conductor.study.path])
            return
        _show_plan(conductor, f"at {dask}" if dask else f"{counted(jobs, 'run')} at once")
        _show_runs(conductor, workers)
        _draw(conductor)
    if conductor.plan.chooses:
        show_trials(conductor.results)
        for sentence in verdict(conductor.results):
            out.print(sentence)
    else:
        show_scores(conductor.results)
    out.print(f"study: {conductor.study.path}", soft_wrap=True)


def _draw(conductor: Conductor) -> None:
    if trouble := draw_at_end(conductor.study):
        warn(trouble)


def _show_plan(conductor: Conductor, where: str) -> None:
    what = f"{conductor.config.name}: {plan_text(conductor.plan)}"
    out.print(f"{what}, {where}; {conductor.study.path}", soft_wrap=True)
    for sentence in conductor.notes:
        note(sentence)


def plan_text(plan: Plan) -> str:
    """`24 trials by tpe, each with 2 runs`, or `10 runs` where nothing is varied."""
    runs = counted(plan.runs_per_trial, "run")
    return f"{plan.trials:,} trials by {plan.study.chosen_by}, each with {runs}" if plan.chooses else runs


def show_dry(config: ExperimentConfig, notes: Sequence[str]) -> None:
    """What a study would train: its first trials, how halving leaves some behind, and how many epochs."""
    plan = Plan(config)
    out.print(f"{config.name}: {plan_text(plan)}", soft_wrap=True)
    for sentence in notes:
        note(sentence)
    first = sampler_of(plan.study, config.seed, maximize=False).ask() if plan.chooses else []
    if first:
        table = Table(title=f"the first {min(len(first), MOST_TRIALS)} of {plan.trials:,} trials")
        table.add_column("trial", justify="right")
        for key in first[0].options:
            table.add_column(key, justify="right")
        for trial in first[:MOST_TRIALS]:
            table.add_row(str(trial.number), *option_texts(trial.options).values())
        out.print(table)
    count, epochs, before = plan.trials, 0, 0
    for rung in plan.rungs():
        until = rung or plan.epochs
        if plan.study.halving:
            out.print(f"{counted(count, 'trial')} until epoch {until}")
        epochs += count * plan.runs_per_trial * (until - before)
        before, count = until, plan.survivors(count)
    out.print(f"at most {epochs:,} epochs in all; nothing was trained or written")


def _show_runs(conductor: Conductor, workers: Workers) -> None:
    with (
        Progress(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=out,
            disable=not out.is_live,
            transient=True,
        ) as bar,
        closing(conductor.conduct(workers)) as ends,
    ):
        task = bar.add_task("runs", total=None)
        for end in ends:
            bar.update(task, completed=end.done, total=end.of)
            out.print(run_line(end, conductor.plan))


def run_line(end: RunEnd, plan: Plan) -> str:
    """` 3/48  t003-s1  optimizer.learning_rate 0.01  val_loss 0.31`, and how it ended if not as usual."""
    outcome = end.outcome
    parts = [f"{end.done:>{len(str(end.of))}}/{end.of}", end.run.name, options_text(end.trial.options)]
    if outcome.value is not None:
        parts.append(f"{plan.monitor} {format_score(outcome.value, 4)}")
    elif plan.chooses and outcome.status == "completed":
        parts.append(f"{plan.monitor} undefined")
    elif outcome.scores and not plan.chooses:  # no test score is looked at before the winner's
        split = default_split(outcome.scores)
        parts.append(f"{split}: {scores_text(outcome.scores[split])}")
    if outcome.status == "paused":
        parts.append(f"at epoch {outcome.epochs}")
    elif outcome.status != "completed":
        parts.append(f"{outcome.status}: {outcome.note}")
    return "  ".join(filter(None, parts))


def show_scores(results: Results) -> None:
    """The means of all scores over the runs, a split a row."""
    (trial,) = results.trials
    scores = results.scores(trial)
    names = list(next(iter(scores.values())))
    done, failed = len(results.completed(trial)), results.plan.runs_per_trial - len(results.completed(trial))
    table = Table(title=f"means over {counted(done, 'run')}")
    table.add_column("split")
    for name in names:
        table.add_column(name)
    for split, means in scores.items():
        table.add_row(split, *(mean_text(means[name]) for name in names))
    out.print(table)
    if failed:
        warn(f"{failed} of {failed + done} runs are not among them{first_failure(results)}")


def show_trials(results: Results) -> None:
    """The best trials, one a row."""
    plan = results.plan
    ranked = results.ranked(results.trials)
    completed = [trial for trial in ranked if results.status(trial) == "completed"]
    best = (completed + [trial for trial in ranked if trial not in completed])[:MOST_TRIALS]
    means = {trial.number: mean for trial in best if (mean := results.monitored(trial))}
    methods = dict.fromkeys(mean.interval.method for mean in means.values() if mean.interval.exists)
    how = f", with 95 % intervals: {', '.join(methods)}" if methods else ""
    table = Table(title=f"the best {len(best)} of {counted(len(results.trials), 'trial')}{how}")
    table.add_column("trial", justify="right")
    for key in plan.study.vary or ():
        table.add_column(key, justify="right")
    table.add_column(plan.monitor)
    table.add_column("epochs", justify="right", drop=1)
    table.add_column("status", drop=2)
    for trial in best:
        mean = means[trial.number]
        epochs = max(outcome.epochs for outcome in results.of(trial))
        table.add_row(
            str(trial.number),
            *option_texts(trial.options).values(),
            interval_text(mean.value, mean.interval, 4),
            str(epochs),
            results.status(trial),
        )
    out.print(table)
