"""A training step as equations, forward and backward, and with every number of a real step.

`nnfs_cli.explain(experiment)` calls this package.

records: what an explanation is made of.
names, equations, layers, update, build: from an experiment's step to these records.
numbers, mathematics: how arrays are shown, as text and as LaTeX.
text, markdown, latex: the whole, written.
"""

from nnfs_cli.core.callables import make_callable

make_callable(__name__, "nnfs_cli.api.explanation")
