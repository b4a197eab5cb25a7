"""Gradients of a config's whole network."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.load import load_config
from nnfs_cli.gradcheck.subject import Subject
from nnfs_cli.gradcheck.subjects import experiment_subjects
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import StepReport


def config_subjects(config: Path, overrides: Sequence[str], seed: int, burn_in: int) -> Iterator[Subject]:
    """`network_subjects` of a config file."""
    yield from network_subjects(load_config(config, overrides), seed, burn_in)


def network_subjects(config: ExperimentConfig, seed: int, burn_in: int) -> Iterator[Subject]:
    """A config's whole network in float64, at the start and again after `burn_in` steps of training."""
    training = replace(config.training, log_every=1)
    experiment = Experiment(replace(config, dtype="float64", training=training))
    yield from experiment_subjects(experiment, seed, "at the start")
    reports = (report for report in train(experiment) if isinstance(report, StepReport))
    if burn_in and any(report.step == burn_in for report in reports):
        yield from experiment_subjects(experiment, seed, f"after {burn_in} steps")
