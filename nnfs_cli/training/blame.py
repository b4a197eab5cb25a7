"""Which layer goes bad first in a step that diverges, or in validation."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from nnfs_cli.core.arrays import IGNORE_OVERFLOW, Array, slices
from nnfs_cli.core.blas_threads import limit_blas
from nnfs_cli.engine.inference import fill_from
from nnfs_cli.engine.network import Workspace
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.trace import StepTrace, Tracer


@limit_blas(1)
def first_bad_in_step(experiment: Experiment) -> str:
    """What goes bad first in the next step, by the plain engine and without augmentation.

    Where all is finite, it is the output that grows most.
    """
    tracer, growth, training = Tracer(experiment), "", experiment.config.training
    order, start = experiment.progress.order, experiment.progress.position
    if start == 0:
        experiment.shuffle()  # further calls draw the same order again
    end = min(start + training.batch_size * training.accumulate, len(order))
    for here in slices(end, training.batch_size, start):
        trace = tracer.trace(order[here].copy())
        if found := next(_not_finite(tracer, trace), ""):
            return found
        growth = growth or _growth(tracer, trace.activations)
    return growth


def _not_finite(tracer: Tracer, trace: StepTrace) -> Iterator[str]:
    """What is not finite in a step, in the order in which it is computed."""
    names = tracer.network.names
    for name, y in zip(("the inputs", *names), trace.activations, strict=True):
        if not np.isfinite(y).all():
            yield f"the output of {name}" if name in names else name
    if not math.isfinite(trace.loss):
        yield _growth(tracer, trace.activations)
    for name, dy in reversed(list(zip(names, trace.gradients[1:], strict=True))):
        if not np.isfinite(dy).all():
            yield f"the gradient of the output of {name}"
    for arrays, what in (
        (trace.grads, "the gradient of {}"),
        (trace.after, "{} in the update"),
        (trace.average, "the average of {}"),
    ):
        for name in reversed(list(arrays)):
            if not np.isfinite(arrays[name]).all():
                yield what.format(name)


def _growth(tracer: Tracer, activations: Sequence[Array]) -> str:
    """The layer with parameters whose outputs are largest against its inputs."""
    sizes = [float(np.abs(x).max(initial=0.0)) for x in activations]
    grown = {
        i: sizes[i + 1] / (sizes[i] or 1.0) for i, layer in enumerate(tracer.network.layers) if layer.params()
    }
    i = max(grown, key=grown.__getitem__)
    return (
        f"the output of {tracer.network.names[i]}, up to {sizes[i + 1]:.2g} from inputs up to {sizes[i]:.2g}"
    )


@limit_blas(1)
def first_bad_in_validation(experiment: Experiment) -> str:
    """What goes bad first where the validation split is evaluated."""
    tracer = Tracer(experiment)
    tracer.catch_up()
    network, average = tracer.network, tracer.descent.average
    if average is not None:
        network.params.value[...] = average
    split, growth = experiment.split("validation"), ""
    fill = fill_from(split, experiment.data.inputs)
    with np.errstate(**IGNORE_OVERFLOW):
        for rows in slices(len(split), network.evaluation_batch_size):
            workspace = Workspace(network, rows.stop - rows.start)
            fill(workspace, rows)
            workspace.infer()
            for name, y in zip(network.names, workspace.activations[1:], strict=True):
                if not np.isfinite(y).all():
                    return f"the output of {name}"
            growth = growth or _growth(tracer, workspace.activations)
    return growth
