"""Choose the fast engine for an experiment, and fast inference for a model."""

from collections.abc import Mapping
from typing import Any

from nnfs_cli.engine.step import PlainEngine
from nnfs_cli.speed.engine import FastEngine
from nnfs_cli.speed.forms import FastNetwork
from nnfs_cli.speed.inference import ProcessInference, ThreadInference
from nnfs_cli.speed.plan import parts_of, workers_for
from nnfs_cli.speed.rows import RowsEngine
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.model import Model


def accelerate(subject: Experiment | Model, before: Mapping[str, Any]) -> None:
    """Replace an experiment's plain engine, or a model's inference, by a fast one.

    before: the `parts` and `blas_threads` of a run that is resumed, which count where the options say `auto`.
    """
    if isinstance(subject, Model):
        _accelerate_model(subject)
    else:
        _accelerate_experiment(subject, before)


def _accelerate_experiment(experiment: Experiment, before: Mapping[str, Any]) -> None:
    plain = experiment.engine
    if not isinstance(plain, PlainEngine) or plain.name != "plain":
        return
    training = experiment.config.training
    batch_size = min(plain.batch_size, len(plain.order))
    option = before.get("parts", "auto") if training.parts == "auto" else training.parts
    parts = parts_of(plain.network, plain.loss, batch_size, option)
    if parts > 1 and plain.network.has_images:
        experiment.use_engine(RowsEngine(plain, parts, workers_for(parts, training.threads)))
        return
    engine = FastEngine(plain, training.threads, parts)
    engine.blas_threads = before.get("blas_threads", engine.blas_threads)  # earlier versions used several
    experiment.use_engine(engine)


def _accelerate_model(model: Model) -> None:
    """Let several threads compute the outputs, or for networks of images several processes."""
    network, threads = FastNetwork(model.network), model.config.training.threads
    inference = ProcessInference if network.has_images else ThreadInference
    model.infer = inference(network, threads)
