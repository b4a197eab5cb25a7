# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Your first layer
#
# A layer is a function from $x$ to $y$ that also knows its gradient. Here you write one, get its gradient
# wrong, let `gradcheck` find the mistake, mend it, and train with it.
#
# The layer is *snake*, $y = x + \frac{1}{a} \sin^2(a x)$, which is good at what repeats
# (Ziyin, Hartwig and Ueda, 2020, arXiv:2006.08195).

# %%
import os
import tempfile
from pathlib import Path

from nnfs_cli import Experiment, gradcheck

os.chdir(tempfile.mkdtemp())  # what is written below goes here; leave this out to keep it

# %% [markdown]
# ## Forward
#
# Backpropagation needs two things of a layer without parameters: `forward` writes $y$ for $x$, and
# `input_grad` writes $dx$, the gradient of the loss to $x$, for $dy$, the gradient of the loss to $y$.
#
# By the chain rule, each number of $dx$ is that of $dy$ times the slope of $y$:
#
# $$dx = dy \cdot \frac{\partial y}{\partial x}$$
#
# What is the slope of $\frac{1}{a} \sin^2(a x)$? Somebody in a hurry says $\sin(a x)$ ...

# %%
LAYER = '''
"""A layer for what repeats."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli import LAYERS, Array, Layer, PositiveFloat


@LAYERS.register("snake")
@dataclass(eq=False)
class Snake(Layer):
    """y = x + sin(a x)^2 / a        x, y: (N, ...)

    a: the frequency, in radians for one unit of x.
    """

    a: PositiveFloat = 1.0

    def forward(self, x: Array, y: Array) -> None:
        y[...] = x + np.sin(self.a * x) ** 2 / self.a

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        dx[...] = dy * (1 + np.sin(self.a * x))
'''
Path("snake.py").write_text(LAYER)

# %% [markdown]
# ## A network with it
#
# The config is the one that `nnfs train` reads, as a mapping. `plugins` names the file of the layer.

# %%
config = {
    "name": "sine",
    "plugins": ["snake.py"],
    "dataset": {"type": "sine", "samples": 200, "noise": 0.05, "validation": 50},
    "layers": [
        {"type": "dense", "units": 16},
        {"type": "snake", "a": 2.0},
        {"type": "dense", "units": 1},
    ],
    "loss": "mse",
    "metrics": ["r2"],
    "optimizer": {"type": "adam", "learning_rate": 0.01},
    "training": {"epochs": 200},
}
Experiment(config)

# %% [markdown]
# ## Is the gradient right?
#
# Nobody needs to believe the formula. The slope of the loss can be measured: change a number by a tiny $h$,
# and see how much the loss changes. `gradcheck` does this for every layer and every parameter, in float64.

# %%
checked = gradcheck(config)
checked

# %% [markdown]
# It does not pass, and it says where: in the layer `snake`, with the value that the layer gave (analytic)
# beside the one that was measured (numeric). Everything below `snake` is wrong as well, since the wrong
# gradient flows through it.
#
# ## The mistake, mended
#
# The chain rule once more, for $\frac{1}{a} \sin^2(u)$ with $u = a x$:
#
# $$\frac{1}{a} \cdot 2 \sin(u) \cos(u) \cdot a = 2 \sin(a x) \cos(a x) = \sin(2 a x)$$
#
# The factor 2 was missing.

# %%
mended = LAYER.replace("np.sin(self.a * x))", "np.sin(2 * self.a * x))")
Path("snake.py").write_text(mended)
checked = gradcheck(config)
checked

# %% [markdown]
# ## Train with it

# %%
run = Experiment(config).train(run_id="sine", progress=False)
run

# %% [markdown]
# The picture shows the curve that the network learned.

# %%
run.plot("predictions")

# %% [markdown]
# ## What is next
#
# - Let $a$ be trained: make it a `Param` in `build`, and write its gradient in `param_grads`. The guide on
#   plugins has an example, and `gradcheck` tells you when it is right.
# - Every layer that comes with nnfs is a file like this one. Read `nnfs_cli/layers/relu.py` first, then
#   `dense.py`.
