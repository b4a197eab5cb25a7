"""Explains one training step of an experiment: its equations, and if wanted every number in them."""

from dataclasses import replace

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.formula import Formula, function_name, stated
from nnfs_cli.explain.equations import Writer, shape_text
from nnfs_cli.explain.layers import LayerParts, title_of
from nnfs_cli.explain.names import Name
from nnfs_cli.explain.numbers import number, texts_of
from nnfs_cli.explain.records import Equation, Explanation, Part, Term
from nnfs_cli.explain.update import Updates
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.trace import StepTrace, Tracer


def explain_step(
    experiment: Experiment, rows: Array, about: tuple[str, ...], *, has_numbers: bool
) -> Explanation:
    """The next step of an experiment, if its batch were these training rows (N,).

    The experiment stays as it is. With numbers, it is computed in float64.
    about: sentences on the rows and on the state of the network.
    """
    with np.errstate(all="ignore"):  # what a diverged network overflows to is shown
        return _explained(experiment, rows, about, has_numbers=has_numbers)


def _explained(
    experiment: Experiment, rows: Array, about: tuple[str, ...], *, has_numbers: bool
) -> Explanation:
    tracer = Tracer(experiment, "float64" if has_numbers else None)
    trace = tracer.trace(rows)
    tracer.catch_up()  # where the step began
    tracer.forward(rows)  # so that layers hold what they draw in it
    layers = LayerParts(tracer.network.layers, trace, has_numbers=has_numbers)
    parts, output = layers.build()
    loss = _loss_part(tracer, trace, output, layers.seen, has_numbers=has_numbers)
    updates = Updates(tracer, trace, layers.symbols, layers.seen)
    return Explanation(
        name=experiment.config.name,
        about=about,
        n=len(rows),
        has_numbers=has_numbers,
        parts=(_input_part(experiment, trace, has_numbers=has_numbers), *parts, loss),
        names=layers.namer.legend,
        descent=updates.about(),
        rules=updates.rules(),
        updates=tuple(updates.parts()) if has_numbers else (),
        prediction=_prediction(experiment, trace, output),
        loss=trace.loss,
        loss_after=trace.loss_after,
    )


def _input_part(experiment: Experiment, trace: StepTrace, *, has_numbers: bool) -> Part:
    """The rows, and how they were normalized."""
    x, affine = trace.activations[0], experiment.preparation.inputs
    labels = tuple(_column_labels(experiment)) if x.ndim == 2 else ()
    raw = affine.undo(x)
    terms: tuple[Term, ...] = ()
    text = latex = "x"
    if not affine.is_identity:
        text, latex = "x = (raw - shift) * scale", r"x = (\mathrm{raw} - \mathrm{shift}) \odot \mathrm{scale}"
        values = {"raw": raw, "shift": affine.shift, "scale": affine.scale}
        terms = tuple(
            Term(name, rf"\mathrm{{{name}}}", np.asarray(value), labels=labels if name == "raw" else ())
            for name, value in values.items()
        )
        labels = ()
    shapes = shape_text(x.shape)
    return Part(
        "input",
        "input",
        (Equation(text, latex, shapes, terms if has_numbers else (), Term("x", "x", x, labels=labels)),),
    )


def _column_labels(experiment: Experiment) -> list[str]:
    """A name for each number of a row, if the data have names."""
    columns = experiment.preparation.columns
    return [
        f"{column.name}={category}" if category is not None else column.name
        for column in columns
        for category in (column.categories or (None,))
    ]


def _loss_part(tracer: Tracer, trace: StepTrace, output: Name, seen: set[str], *, has_numbers: bool) -> Part:
    """The loss, and its gradient to the network's output."""
    loss, z = tracer.loss, trace.activations[-1]
    names = {"z": output, "dz": output.gradient, "dL": Name.of("dL")}
    values = loss.formula_values(z, trace.t)
    writer = Writer(names, values, seen, has_numbers=has_numbers)
    known = {"L": trace.loss, "dz": trace.gradients[-1]}
    forward: list[Equation] = []
    backward: list[Equation] = []
    for formula in loss.equations() or _unstated(loss.type_name):
        left = output.derivative if formula.target == "dz" else None
        (backward if left else forward).append(writer.equation(formula, known.get(formula.target), left=left))
    return Part(loss.type_name, title_of(loss), tuple(forward), tuple(map(_with_mean, backward)))


def _with_mean(equation: Equation) -> Equation:
    """The loss's gradient, with a note on where its 1/N comes from."""
    terms = [
        replace(term, note=f"{term.note}. {MEAN}") if "N = " in term.note else term for term in equation.terms
    ]
    return replace(equation, terms=tuple(terms))


def _unstated(name: str) -> tuple[Formula, ...]:
    """What can be said of a loss that states no formulas."""
    functions = [function_name(name), f"{function_name(name)}_gradient"]
    return stated([f"L = {functions[0]}(z, t)", f"dz = {functions[1]}(z, t)"], {}, functions)


def _prediction(experiment: Experiment, trace: StepTrace, output: Name) -> tuple[str, ...]:
    """What the network answers for the first rows, and what is true."""
    data, preparation = experiment.data, experiment.preparation
    answers = experiment.predictions(trace.activations[-1])
    truth = experiment.data.splits["train"].targets[trace.rows]
    sentences = []
    units = preparation.targets
    if not units.is_identity:
        maps = (texts_of(np.asarray(each))[:MOST_ROWS] for each in (units.shift, units.scale))
        shift, scale = map(", ".join, maps)
        sentences.append(
            f"{output.text} / scale + shift, since t = (target - shift) * scale; "
            f"shift = {shift}; scale = {scale}"
        )
    for answer, t in zip(answers[:MOST_ROWS], truth[:MOST_ROWS], strict=True):
        if data.classes:
            best = int(np.argmax(answer))
            sentences.append(
                f"{data.classes[best]!r} ({number(answer[best])}); true: {data.classes[int(t)]!r}"
            )
        else:
            names = preparation.output_names(len(answer), "y")
            pairs = zip(names[:MOST_ROWS], answer, t, strict=False)
            sentences.append("; ".join(f"{name} = {number(p)}, true: {number(u)}" for name, p, u in pairs))
    more = len(answers) - MOST_ROWS
    return (*sentences, *([f"... and {more:,} more rows"] if more > 0 else []))


MOST_ROWS = 8
MEAN = (
    "The loss is the mean over the batch, so each row's gradient carries 1/N; the gradient of a parameter "
    "then sums the rows, which makes it the mean over them, whatever N is."
)
