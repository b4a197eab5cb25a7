"""What a step does with the gradient: regularize, clip, let the optimizer change the parameters, average."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from nnfs_cli.core.formula import Formula, function_name
from nnfs_cli.core.params import Param
from nnfs_cli.explain.equations import Writer, is_computable, new, shape_text, statement
from nnfs_cli.explain.layers import title_of
from nnfs_cli.explain.names import Name
from nnfs_cli.explain.records import Equation, Part, Term
from nnfs_cli.optimizers.base import Optimizer
from nnfs_cli.training.trace import StepTrace, Tracer

FEW = 16
"""Numbers of a parameter up to which the terms of its update are shown, too."""

AVERAGE = Formula.parse("average = average + (1 - decay) * (w - average)", ["decay"])
CLIP_VALUE = Formula.parse("g = min(max(g, -clip_value), clip_value)", ["clip_value"])
CLIP_NORM = Formula.parse("g = g * min(1, clip_norm / norm)", ["clip_norm", "norm"])


class Updates:
    """The update of each parameter, as equations with the step's numbers.

    tracer: stands at the start of the step.
    symbols: the names of the parameters, by their names in the weights file.
    """

    def __init__(self, tracer: Tracer, trace: StepTrace, symbols: Mapping[str, Name], seen: set[str]) -> None:
        self._trace, self._symbols, self._seen = trace, symbols, seen
        self._descent, self._params = tracer.descent, tracer.network.params
        for name, param in self._params.named.items():
            param.grad[...] = trace.clipped[name]
        self._state = self._descent.optimizer.formula_values(self._params, trace.learning_rate)
        step = tracer.experiment.progress.step
        self._decay = min(self._descent.ema, (1 + step) / (10 + step))  # as `Descent.update_average`

    def about(self) -> str:
        """The optimizer and what else changes the parameters, with their options and the learning rate."""
        descent = self._descent
        named = [descent.optimizer, *([descent.regularizer] if descent.regularizer else [])]
        texts = [title_of(component) for component in named]
        for name in ("clip_value", "clip_norm"):
            bound = getattr(descent, name)
            texts += [f"{name} = {bound:g}"] if bound else []
        texts += [f"moving average with decay = {self._decay:g}"] if descent.ema else []
        return ", ".join([*texts, f"lr = {self._trace.learning_rate:.6g}"])

    def rules(self) -> tuple[Equation, ...]:
        """What is done with each parameter w and the loss's gradient to it."""
        dw = Name.of("w").derivative
        decayed = any(param.decay for param in self._params.named.values())
        formulas = self._formulas(decay=decayed)
        names = {"dw": dw, "norm": NORM} | ({} if len(formulas) > 1 else {"g": dw})
        return tuple(statement(formula, names) for formula in formulas)

    def parts(self) -> Iterator[Part]:
        """A part for each parameter: its update with numbers."""
        for name, param in self._params.named.items():
            yield Part(name, self._symbols[name].text, tuple(self._equations(name, param)))
        for name in [name for name in self._trace.before if name not in self._params.named]:
            yield Part(name, self._symbols[name].text, (self._gathered(name),))

    def _formulas(self, *, decay: bool) -> list[Formula]:
        """The formulas of a step, in order. `decay`: of parameters that weight decay applies to."""
        penalty, constraint = self._regularizer(decay=decay)
        descent = self._descent
        clips = [CLIP_VALUE] * bool(descent.clip_value) + [CLIP_NORM] * bool(descent.clip_norm)
        steps = list(_formulas(descent.optimizer, decay=decay))
        averages = [AVERAGE] if descent.ema else []
        rest = [*clips, *steps, *constraint, *averages]
        if penalty is not None:
            return [Formula.parse(f"g = dw + {penalty.right.text}", penalty.numbers), *rest]
        return [GRADIENT, *rest] if len(rest) > 1 else rest

    def _regularizer(self, *, decay: bool) -> tuple[Formula | None, list[Formula]]:
        """The gradient of its penalty if it has one, and its constraints."""
        regularizer = self._descent.regularizer
        if regularizer is None or not (decay or regularizer.all_parameters):
            return None, []
        formulas = {formula.target: formula for formula in regularizer.equations()}
        return formulas.get("dw"), [formulas["w"]] if "w" in formulas else []

    def _equations(self, name: str, param: Param) -> Iterator[Equation]:
        trace, descent, w = self._trace, self._descent, self._symbols[name]
        flat = {
            key: value for key, value in self._state.items() if np.shape(value) == self._params.value.shape
        }
        options = descent.regularizer.options() if descent.regularizer else {}
        values = {
            **options,
            **self._state,
            **{key: self._params.views(value)[name] for key, value in flat.items()},
            "w": trace.before[name],
            "dw": trace.grads[name],
            "clip_value": descent.clip_value,
            "clip_norm": descent.clip_norm,
            "norm": self._norm(),
            "decay": self._decay,
        }
        if descent.average is not None:
            values["average"] = self._params.views(descent.average)[name]
        formulas = self._formulas(decay=param.decay)
        names = {"w": w, "dw": w.gradient, "norm": NORM} | ({} if len(formulas) > 1 else {"g": w.gradient})
        writer = Writer(names, values, {*self._seen}, has_numbers=True, most=FEW)
        _, constraint = self._regularizer(decay=param.decay)
        last = max(i for i, formula in enumerate(formulas) if formula.target == "w")
        for i, formula in enumerate(formulas):
            result = trace.average[name] if formula is AVERAGE else None
            if i == last or not is_computable(formula):
                result = trace.after[name]
            equation = writer.equation(formula, result)
            # A constraint is on each unit's weights, and not on w as a whole.
            yield replace(equation, terms=()) if formula in constraint else equation

    def _gathered(self, name: str) -> Equation:
        """A statistic, which the forward pass changes."""
        shown, before, after = self._symbols[name], self._trace.before[name], self._trace.after[name]
        return Equation(
            text=f"{shown.text}, which the forward pass gathers",
            latex=rf"{shown.latex}\ \mathrm{{is\ gathered\ in\ the\ forward\ pass}}",
            shapes=shape_text(after.shape),
            terms=() if shown.text in self._seen else (Term(shown.text, shown.latex, before),),
            result=new(shown, after),
        )

    def _norm(self) -> float:
        """The norm of the whole gradient, as it is clipped by it."""
        arrays = self._trace.regularized.values()
        bound = self._descent.clip_value or np.inf
        return float(np.sqrt(sum(float(np.square(np.clip(each, -bound, bound)).sum()) for each in arrays)))


NORM = Name("|g|", r"\left|g\right|")
GRADIENT = Formula.parse("g = dw")


def _formulas(optimizer: Optimizer, *, decay: bool) -> tuple[Formula, ...]:
    """Its formulas, for parameters with or without weight decay; a plugin may state none."""
    if not decay and optimizer.options().get("weight_decay"):
        optimizer = replace(optimizer, weight_decay=0.0)
    name = function_name(optimizer.type_name)
    return optimizer.equations() or (Formula.parse(f"w = {name}(w, g, lr)", functions=[name]),)
