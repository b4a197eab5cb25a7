"""Checks of the network: its first loss, its last layer, its units, gradients and updates."""

import math

import numpy as np

from nnfs_cli.core.errors import listed
from nnfs_cli.doctor.baselines import unsure_loss
from nnfs_cli.doctor.finding import Outcome, check, worst
from nnfs_cli.doctor.subject import Subject
from nnfs_cli.layers.avg_pool2d import AvgPool2D
from nnfs_cli.layers.base import ALL_REALS, output_range
from nnfs_cli.layers.conv2d import Conv2D
from nnfs_cli.layers.conv_transpose2d import ConvTranspose2D
from nnfs_cli.layers.dense import Dense
from nnfs_cli.layers.dropout import Dropout
from nnfs_cli.layers.dropout2d import Dropout2D
from nnfs_cli.layers.flatten import Flatten
from nnfs_cli.layers.gaussian_noise import GaussianNoise
from nnfs_cli.layers.global_avg_pool2d import GlobalAvgPool2D
from nnfs_cli.layers.padding2d import Padding2D
from nnfs_cli.layers.reshape import Reshape
from nnfs_cli.layers.upsample2d import Upsample2D
from nnfs_cli.training.defined import gives_probabilities

LINEAR = (
    AvgPool2D,
    Dropout,
    Dropout2D,
    Flatten,
    GaussianNoise,
    GlobalAvgPool2D,
    Padding2D,
    Reshape,
    Upsample2D,
)
"""Layers without weights that are linear."""
LARGE_OUTPUT, HUGE_OUTPUT = 6.0, 20.0
"""Healthy initial weights give outputs of size 1 to 1.5; these are the sizes that warn and fail."""
KNOWS = 0.9
"""The part of the way from the best constant prediction to perfection that no chance explains."""
SOME_DEAD, MOST_DEAD = 0.6, 0.95
VANISHED = 1e-4
"""The smallest share of the largest relative gradient that a healthy layer's has: 1e-2 in ten layers."""
SLOW_UPDATE, FAST_UPDATE, WILD_UPDATE = 1e-6, 0.3, 2.0
"""Updates as parts of the weights; near 1e-3 is usual."""


@check("last-layer")
def last_layer(subject: Subject) -> Outcome:
    """The last layer can give what the loss asks for."""
    config, data, network = subject.config, subject.data, subject.experiment.network
    loss, reach = config.loss, output_range(config.layers)
    name = f"{config.layers[-1].type_name} before {loss.type_name}"
    if loss.expects_logits and reach != ALL_REALS:
        return Outcome(
            "warn",
            f"{name}: outputs from {reach[0]:g} to {reach[1]:g}",
            f"{loss.type_name} takes logits, which must be able to be any number: these limits keep "
            "probabilities from what they should be",
            "end the network in dense, without an activation behind it",
        )
    if data.classes and loss.type_name == "mse":
        softmax = gives_probabilities(loss, network)
        return Outcome(
            "note" if softmax else "warn",
            name,
            "the squared error's gradient vanishes where a prediction is surely wrong, and for classes it "
            "learns slower than cross-entropy",
            "write `loss: cross_entropy`" + (" and leave softmax out" if softmax else ""),
        )
    if not data.classes and reach != ALL_REALS:
        low, high = (
            float(edge) for edge in loss.predict(np.array([[reach[0]], [reach[1]]], np.float64))[:, 0]
        )
        t = subject.as_learned(subject.train.t)
        missed = float(np.mean((t < low - 1e-6) | (t > high + 1e-6)))
        if missed > 0.001:
            return Outcome(
                "FAIL" if missed > 0.1 else "warn",
                f"{name}: {missed:.0%} of the targets lie outside of {low:g} to {high:g}",
                f"{config.layers[-1].type_name} cannot answer these targets, however long it trains",
                "end the network in dense, without an activation behind it",
            )
    return Outcome("pass", name)


@check("activations")
def activations(subject: Subject) -> Outcome:
    """Between layers with weights there is something that is not linear."""
    network = subject.experiment.network
    before, stacked = "", []
    for name, layer in zip(network.names, network.layers, strict=True):
        if isinstance(layer, Dense | Conv2D | ConvTranspose2D):
            stacked += [f"{before} and {name}"] if before else []
            before = name
        elif not isinstance(layer, LINEAR):
            before = ""
    if not stacked:
        return Outcome("pass", "no two layers that make one linear layer")
    return Outcome(
        "warn",
        listed(stacked, 3),
        "without an activation between them, two linear layers can do no more than one",
        "put an activation such as relu between them, or leave one out",
    )


@check("start-loss")
def start_loss(subject: Subject) -> Outcome:
    """Before training the loss is that of a network which knows nothing."""
    trace = subject.probe.traces[0]
    loss, found, t = subject.config.loss, trace.loss, trace.t
    width = subject.experiment.network.output_shape[0]
    zero = loss.value(np.zeros((len(t), width)), t)
    constant = subject.constant_for(t)[1]
    what = f"ln {width} = {zero:.3g}" if loss.type_name == "cross_entropy" else f"outputs of 0: {zero:.3g}"
    measured = f"{found:.3g}; {what}; best constant: {constant:.3g}"
    large, huge = (unsure_loss(loss, t, width, size) for size in (LARGE_OUTPUT, HUGE_OUTPUT))
    if not math.isfinite(found):
        return Outcome(
            "FAIL",
            measured,
            "the first loss is not a finite number, so training cannot begin",
            "look at the layers that the findings name, and normalize inputs",
        )
    if found > large:
        return Outcome(
            "FAIL" if found > huge else "warn" if subject.has_hidden_layer else "note",
            measured,
            f"the first outputs are sure of something: at a size of {LARGE_OUTPUT:g} they would give "
            f"{large:.3g}, and training first has to undo that",
            "choose an `init` such as he_normal or xavier_uniform, and normalize inputs",
        )
    floor = subject.floor_for(t)
    if found < constant - KNOWS * (constant - floor) and not subject.config.warm_start:
        return Outcome(
            "warn",
            measured,
            "an untrained network already knows more than the best constant prediction: "
            "the targets may be among the inputs, or the loss measures something else",
            "look at the columns, and at the loss",
        )
    return Outcome("pass", measured)


@check("units")
def units(subject: Subject) -> Outcome:
    """Hidden units answer to their inputs."""
    probe = subject.probe
    stuck = [note for note in probe.notes[probe.last] if note in probe.notes[0] or probe.last == 0]
    seen = list(probe.units())
    few = len(subject.train) < 20
    dead = max(seen, key=lambda each: each.dead, default=None)
    full = max(seen, key=lambda each: each.saturated, default=None)
    if broken := list(probe.broken()):
        return Outcome(
            "FAIL",
            listed(broken, 3),
            "from there on nothing can be computed: a logarithm, a root or a division may have gone wrong",
            "mend that layer; `nnfs gradcheck` on this config tests it alone",
        )
    found: list[Outcome | None] = [
        Outcome("FAIL", "units stay equal, or without gradient", note, "choose another `init`")
        for note in stuck
    ]
    if dead is not None and dead.dead > SOME_DEAD:
        found.append(
            Outcome(
                "note" if few else "FAIL" if dead.dead > MOST_DEAD else "warn",
                f"{dead.dead:.0%} of {dead.layer} dead at step {dead.step}",
                "a unit with the same output for every row passes nothing on, and learns nothing",
                "try a smaller optimizer.learning_rate, another `init`, or leaky_relu",
            )
        )
    if full is not None and full.saturated > 0.5:
        found.append(
            Outcome(
                "FAIL" if full.saturated > MOST_DEAD else "warn",
                f"{full.saturated:.0%} of {full.layer}'s outputs at an end of its range, step {full.step}",
                "there its slope is nearly 0, so that hardly any gradient comes through",
                "choose an `init` with smaller numbers such as xavier_uniform, and normalize inputs",
            )
        )
    if not seen:
        return Outcome("pass", "no hidden layer")
    most = max(each.dead for each in seen), max(each.saturated for each in seen)
    return worst(*found) or Outcome("pass", f"at most {most[0]:.0%} dead, {most[1]:.0%} saturated in a layer")


@check("gradients")
def gradients(subject: Subject) -> Outcome:
    """Gradients of all layers are of like size."""
    first = {each.name: each.gradient for each in subject.probe.changes() if each.step == 0}
    late = {each.name: each.gradient for each in subject.probe.changes() if each.step == subject.probe.last}
    sizes = late if first and min(first.values()) == 0.0 else first  # zeros at the start may be meant
    if not sizes:
        return Outcome("pass", "no weights but zeros")
    if not all(map(math.isfinite, sizes.values())):
        return Outcome(
            "FAIL",
            "gradients that are infinite or not a number",
            "no step can use them",
            "choose an `init` with smaller numbers, and normalize inputs",
        )
    small, large = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    measured = f"relative to the weights: {small} {sizes[small]:.1e}, {large} {sizes[large]:.1e}"
    if sizes[small] >= VANISHED * sizes[large]:
        return Outcome("pass", measured)
    order = list(sizes)
    if order.index(small) < order.index(large):
        return Outcome(
            "FAIL" if sizes[small] < VANISHED**2 * sizes[large] else "warn",
            measured,
            f"the gradient vanishes on its way down: {small} learns next to nothing",
            "use relu with he_normal, fewer layers, batch_norm or residual blocks",
        )
    return Outcome(
        "warn",
        measured,
        f"the gradient grows on its way down: {large} takes steps that are far too large",
        "choose an `init` with smaller numbers, normalize inputs, or set training.clip_norm",
    )


@check("updates")
def updates(subject: Subject) -> Outcome:
    """A step changes each weight by a small part."""
    unchanged = subject.probe.unchanged()
    if not all(math.isfinite(each.gradient) for each in subject.probe.changes()):
        return Outcome("note", "not told, since gradients are infinite or not a number")
    if unchanged:
        return Outcome(
            "FAIL",
            f"no step changes {listed(unchanged, 3)}",
            "its gradient is exactly 0: it is frozen, cut off, or its layer does not compute one",
            "run `nnfs gradcheck` on this config",
        )
    sizes: dict[str, list[float]] = {}
    for each in subject.probe.changes():
        sizes.setdefault(each.name, []).append(each.update)
    median = {name: float(np.median(values)) for name, values in sizes.items()}
    if not median:
        return Outcome("pass", "no weights but zeros")
    small, large = min(median, key=median.__getitem__), max(median, key=median.__getitem__)
    measured = f"{small} by {median[small]:.1e}, {large} by {median[large]:.1e} a step"
    if not median[large] <= FAST_UPDATE:
        return Outcome(
            "warn" if median[large] < WILD_UPDATE else "FAIL",
            measured,
            "near 1e-3 is usual; a step this large forgets what earlier ones learned",
            "try a smaller optimizer.learning_rate",
        )
    if median[large] < SLOW_UPDATE:
        return Outcome(
            "warn",
            measured,
            "near 1e-3 is usual; steps this small get nowhere",
            "try a larger optimizer.learning_rate",
        )
    return Outcome("pass", measured)
