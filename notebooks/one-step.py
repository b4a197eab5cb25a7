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
# # One step by hand
#
# The smallest network that learns something which no single unit can: exclusive or, with 2 inputs, 2 hidden
# units and 1 output. You compute one step of gradient descent yourself, a line for each equation, and `explain`
# shows whether each number is right.

# %%
import numpy as np

from nnfs_cli import explain

# %% [markdown]
# All four rows make one batch, so N = 4. `explain` has the batch, the first weights (seed 0 draws them), and
# every number of the step. To begin with, take only what is given: inputs $x$, targets $t$ and the parameters.

# %%
step = explain("xor", batch=True)
x, t = step["x"], step["t"]
W1, b1, W2, b2 = step["W1"], step["b1"], step["W2"], step["b2"]
N = len(x)
print("x\n", x, "\nt\n", t, "\nW1\n", W1.round(4), "\nW2\n", W2.round(4))


# %%
def check(name: str, mine: np.ndarray) -> None:
    """Compare my numbers with those of `explain`."""
    np.testing.assert_allclose(mine, step[name], rtol=1e-9, atol=1e-12)
    print(f"{name} is right:\n{np.round(mine, 5)}")


# %% [markdown]
# ## Forward: from the inputs up to the loss
#
# $$z_1 = x W_1 + b_1 \qquad a_1 = \tanh(z_1) \qquad z_2 = a_1 W_2 + b_2$$

# %%
z1 = x @ W1 + b1
check("z1", z1)

# %%
a1 = np.tanh(z1)
check("a1", a1)

# %%
z2 = a1 @ W2 + b2
check("z2", z2)

# %% [markdown]
# The sigmoid makes a probability of the output, and the loss is the mean over the N rows of
# $-\log$ of the probability of what is true:
#
# $$p = \frac{1}{1 + e^{-z_2}} \qquad L = -\frac{1}{N} \sum_n t_n \log p_n + (1 - t_n) \log (1 - p_n)$$
#
# Before training, each answer is about as good as tossing a coin: $L$ is near $\ln 2 = 0.693$.

# %%
p = 1 / (1 + np.exp(-z2))
check("p", p)

# %%
L = -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))
check("L", L)

# %% [markdown]
# ## Backward: from the loss down
#
# Sigmoid and loss together have a slope that is as simple as can be. Here the factor 1/N enters, and only here:
# the loss is a *mean*, so each row has a share of 1/N in it.
#
# $$\frac{\partial L}{\partial z_2} = \frac{1}{N} (p - t)$$

# %%
dz2 = (p - t) / N
check("dL/dz2", dz2)

# %% [markdown]
# A weight's gradient is a sum over the rows, since each row used the same weight. The 1/N is in $dz_2$ already.
#
# $$dW_2 = a_1^\top dz_2 \qquad db_2 = \sum_n dz_2 \qquad da_1 = dz_2 W_2^\top$$

# %%
dW2 = a1.T @ dz2
check("dL/dW2", dW2)

# %%
db2 = dz2.sum(axis=0)
check("dL/db2", db2)

# %%
da1 = dz2 @ W2.T
check("dL/da1", da1)

# %% [markdown]
# Through tanh, whose slope is $1 - a_1^2$, and on to the first layer, which works as the second one does.

# %%
dz1 = da1 * (1 - a1**2)
check("dL/dz1", dz1)

# %%
dW1, db1 = x.T @ dz1, dz1.sum(axis=0)
check("dL/dW1", dW1)
check("dL/db1", db1)

# %% [markdown]
# ## The step
#
# Each parameter goes a little against its gradient, with the learning rate 0.5.

# %%
learning_rate = 0.5
check("new W1", W1 - learning_rate * dW1)
check("new b1", b1 - learning_rate * db1)
check("new W2", W2 - learning_rate * dW2)
check("new b2", b2 - learning_rate * db2)

# %% [markdown]
# And is the loss smaller after it?

# %%
print(f"before {step.record.loss:.5f}, after {step.record.loss_after:.5f}")

# %% [markdown]
# ## All of it on one page
#
# What you computed is what `nnfs explain xor --batch` prints. Here it is for the row (0, 1) alone, where N = 1.

# %%
explain("xor", row=1)
