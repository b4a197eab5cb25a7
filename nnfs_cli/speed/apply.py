"""Which engine an experiment gets, and what answers for a model."""

from nnfs_cli.engine.step import PlainEngine
from nnfs_cli.speed.answering import Processes, Threads
from nnfs_cli.speed.engine import FastEngine
from nnfs_cli.speed.forms import FastNetwork
from nnfs_cli.speed.plan import parts_of, workers_for
from nnfs_cli.speed.rows import RowsEngine
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.model import Model


def accelerate(subject: Experiment | Model) -> None:
    """Let the fastest engine take an experiment's steps, or fast code answer for a model."""
    if isinstance(subject, Model):
        _accelerate_model(subject)
    else:
        _accelerate_experiment(subject)


def _accelerate_experiment(experiment: Experiment) -> None:
    plain = experiment.engine
    if not isinstance(plain, PlainEngine) or plain.name != "plain":
        return
    training = experiment.config.training
    batch_size = min(plain.batch_size, len(plain.order))
    parts = parts_of(plain.network, plain.loss, batch_size, training.parts)
    if parts > 1:
        experiment.use_engine(RowsEngine(plain, parts, workers_for(parts, training.threads)))
    else:
        experiment.use_engine(FastEngine(plain, training.threads))


def _accelerate_model(model: Model) -> None:
    """Let several threads, or for images processes, compute the outputs."""
    network, wish = FastNetwork(model.network), model.config.training.threads
    model.infer = Processes(network, wish) if network.has_images else Threads(network, wish)
