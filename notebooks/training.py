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
# # Training a network, from data to pictures
#
# First a regression: a noisy cubic curve, a network of three dense layers, its gradients proved, its training
# in mini-batches, and what it learned. Then the same for handwritten digits. Everything is computed by plain
# NumPy; the code behind each line is a file that you can read.

# %%
import os
import tempfile

import numpy as np

from nnfs_cli import Experiment, gradcheck

os.chdir(tempfile.mkdtemp())  # what is written below goes here; leave this out to keep it

# %% [markdown]
# ## 1. Data
#
# 200 points of $y = x^3 + \text{noise}$ for $x$ from -2 to 2. The config `cubic` comes with nnfs.

# %%
cubic = Experiment("cubic", {"training.epochs": 400})
split = cubic.data.splits["train"]
print(f"x: {split.x.shape}, y: {split.t.shape}")
for x, y in zip(split.x[:5, 0], split.t[:5, 0], strict=True):
    print(f"x {x:7.4f}   x^3 {x**3:8.4f}   y {y:8.4f}")

# %% [markdown]
# ## 2. Network
#
# One input, two hidden layers of 64 units with a ReLU each, one output. Weights start small and random.

# %%
cubic

# %% [markdown]
# ## 3. Are the gradients right?
#
# Before training, every gradient is compared with a slope that is measured: the loss at $w + h$ and at
# $w - h$. The largest relative error should be tiny.

# %%
gradcheck(cubic)

# %% [markdown]
# ## 4. Training in mini-batches
#
# In each epoch the rows are shuffled and cut into batches of 32. Each batch gives one step of gradient
# descent, $w \leftarrow w - \eta \, \frac{\partial L}{\partial w}$.

# %%
run = cubic.train(run_id="cubic", progress=False)
run

# %% [markdown]
# ## 5. What it learned
#
# `run.history` has a row for each epoch.

# %%
run.history[["epoch", "train_loss", "train_rmse", "train_r2"]].iloc[[0, 9, 99, 199, 399]]

# %% [markdown]
# The fit: predictions, the points, and the curve without noise.

# %%
run.plot("predictions")

# %% [markdown]
# New inputs: the network answers well where it has seen data (-2 to 2), and goes on in a straight line where it
# has not.

# %%
x = np.array([[-1.5], [0.5], [1.5], [3.0]])
for value, answer in zip(x[:, 0], run.predict(x), strict=True):
    print(f"x {value:5.1f}   x^3 {value**3:7.3f}   network {answer:7.3f}")

# %% [markdown]
# ## 6. Handwritten digits
#
# MNIST: images of 28 x 28 pixels in ten classes. The network flattens each image to 784 numbers, and ends in
# ten logits, which softmax turns into probabilities.

# %%
mnist = Experiment("mnist", {"training.epochs": 5, "optimizer.learning_rate": 0.1})
mnist

# %% [markdown]
# 128 hidden units are 100,480 parameters, and each of their gradients can be checked, too.

# %%
gradcheck(mnist)

# %%
digits = mnist.train(run_id="mnist", progress=False)
digits

# %% [markdown]
# ## 7. Which digits does it confuse?

# %%
digits.plot("confusion")

# %% [markdown]
# ## 8. One digit
#
# The first image of the test set, and what the network thinks of it.

# %%
test = mnist.data.splits["test"]
image = test.x[:1]
probabilities = digits.predict_proba(image)[0]
for digit, p in enumerate(probabilities):
    print(f"{digit}   {p:6.4f}   {'#' * round(40 * p)}")
print(f"\nprediction {digits.predict(image)[0]}, truth {test.t[0]}")
