"""The reference results of every case, in float64: by PyTorch, and for metrics by scikit-learn."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import sklearn.metrics as scores
import torch

from tests.reference.cases import IMAGE_LAYERS, RATE, SEED, STEPS, Arrays, Case


def tensor(array: Any, *, grad: bool = False) -> Any:
    return torch.tensor(np.asarray(array), requires_grad=grad)


def layer(forward: Callable[..., Any]) -> Callable[[Case], Arrays]:
    """y and all gradients of forward(x, **params), for the gradient dy."""

    def run(case: Case) -> Arrays:
        x = tensor(case.inputs["x"], grad=True)
        params = {
            key.removeprefix("param_"): tensor(array, grad=True)
            for key, array in case.inputs.items()
            if key.startswith("param_")
        }
        y = forward(x, **params)
        y.backward(tensor(case.inputs["dy"]))
        grads = {f"d{key}": param.grad.numpy() for key, param in params.items()}
        return {"y": y.detach().numpy(), "dx": x.grad.numpy(), **grads}

    return run


def loss(value: Callable[[Any, Any], Any]) -> Callable[[Case], Arrays]:
    """The value(z, t) and its gradient to z."""

    def run(case: Case) -> Arrays:
        z = tensor(case.inputs["z"], grad=True)
        result = value(z, tensor(case.inputs["t"]))
        result.backward()
        return {"value": result.detach().numpy(), "dz": z.grad.numpy()}

    return run


def optimizer(make: Callable[..., Any], *, decay: float = 0.0, **options: Any) -> Callable[[Case], Arrays]:
    """The values of W, with weight decay, and of b, without, after each step."""

    def run(case: Case) -> Arrays:
        W, b = tensor(case.inputs["W"], grad=True), tensor(case.inputs["b"], grad=True)
        groups = [{"params": [W], "weight_decay": decay}, {"params": [b], "weight_decay": 0.0}]
        steps = make(groups, lr=RATE, **options)
        path: dict[str, list[Any]] = {"W": [], "b": []}
        for step in range(STEPS):
            W.grad, b.grad = tensor(case.inputs["dW"][step]), tensor(case.inputs["db"][step])
            steps.step()
            path["W"].append(W.detach().numpy().copy())
            path["b"].append(b.detach().numpy().copy())
        return {key: np.array(values) for key, values in path.items()}

    return run


def dense(x: Any, W: Any, b: Any) -> Any:
    return functional.linear(x, W.T, b)


def mse_of_classes(z: Any, t: Any) -> Any:
    onehot = functional.one_hot(t, z.shape[1]).double()
    return functional.mse_loss(z, onehot)


def dropout(x: Any) -> Any:
    """Dropout with nnfs's mask, from 16 bits for each number."""
    bits = np.random.default_rng(SEED).bit_generator.random_raw(-(-x.numel() // 4))
    return x * tensor((bits.view(np.uint16)[: x.numel()].reshape(x.shape) < 2**15) * 2.0)


def dropout2d(x: Any, rate: float) -> Any:
    n, channels = x.shape[:2]
    drawn = np.random.default_rng(SEED).random((channels, n)).T
    return x * tensor(np.where(drawn < 1 - rate, 1 / (1 - rate), 0.0))[:, :, None, None]


def conv2d(x: Any, W: Any, b: Any = None, **options: Any) -> Any:
    steps = {name: options[name] for name in ("stride", "padding", "dilation", "groups") if name in options}
    if steps.get("padding") == "same" and steps.get("stride", 1) != 1:  # PyTorch has no such option
        sizes = zip(x.shape[2:], W.shape[2:], strict=True)
        missing = [max((-(-n // steps["stride"]) - 1) * steps["stride"] + k - n, 0) for n, k in sizes]
        (top, bottom), (left, right) = ((m // 2, m - m // 2) for m in missing)
        x, steps["padding"] = functional.pad(x, (left, right, top, bottom)), 0
    return functional.conv2d(x, W, b, **steps)


def conv_transpose2d(x: Any, W: Any, b: Any = None, **options: Any) -> Any:
    names = ("stride", "padding", "output_padding", "dilation", "groups")
    return functional.conv_transpose2d(x, W, b, **{name: options[name] for name in names if name in options})


def max_pool2d(x: Any, pool_size: Any = 2, **options: Any) -> Any:
    return functional.max_pool2d(x, pool_size, **options)


def avg_pool2d(x: Any, pool_size: Any = 2, count_include_padding: bool = True, **options: Any) -> Any:
    return functional.avg_pool2d(x, pool_size, count_include_pad=count_include_padding, **options)


def upsample2d(x: Any, factor: Any, mode: str = "nearest") -> Any:
    return functional.interpolate(x, scale_factor=factor, mode=mode)


def padding2d(x: Any, padding: Any) -> Any:
    sides = [padding] * 4 if isinstance(padding, int) else np.repeat(padding, 4 // len(padding)).tolist()
    top, bottom, left, right = sides
    return functional.pad(x, (left, right, top, bottom))


def noise(x: Any) -> Any:
    drawn = np.random.default_rng(SEED).standard_normal((*x.shape[1:], len(x)))
    return x + 0.3 * tensor(np.moveaxis(drawn, -1, 0))


def batch_norm(eps: float) -> Callable[..., Any]:
    def forward(x: Any, gamma: Any, beta: Any) -> Any:
        return functional.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)

    return forward


def layer_norm(x: Any, gamma: Any, beta: Any) -> Any:
    return functional.layer_norm(x, gamma.shape, gamma, beta)


def quantile(q: float) -> Callable[[Any, Any], Any]:
    return lambda z, t: torch.maximum(q * (t - z), (q - 1) * (t - z)).mean()


def binary(z: Any, t: Any, weight: float = 1.0) -> Any:
    t = t.reshape(z.shape).double()
    return functional.binary_cross_entropy_with_logits(z, t, pos_weight=torch.tensor(weight))


def log_cosh(z: Any, t: Any) -> Any:
    return (torch.logaddexp(z - t, t - z) - np.log(2.0)).mean()


def lion(groups: Any, lr: float, betas: tuple[float, float] = (0.9, 0.99)) -> Any:
    """Lion by algorithm 2 of Chen et al., 2023, since PyTorch does not have it."""
    beta1, beta2 = betas

    class Lion(torch.optim.Optimizer):  # type: ignore[misc]
        def step(self) -> None:
            with torch.no_grad():
                for group in self.param_groups:
                    for w in group["params"]:
                        m = self.state[w].setdefault("m", torch.zeros_like(w))
                        c = beta1 * m + (1 - beta1) * w.grad
                        w -= lr * (torch.sign(c) + group["weight_decay"] * w)
                        self.state[w]["m"] = beta2 * m + (1 - beta2) * w.grad

    return Lion(groups, {"lr": lr})


def schedule(make: Callable[[Any], Any], *, observes: bool = False) -> Callable[[Case], Arrays]:
    def run(case: Case) -> Arrays:
        steps = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)
        scheduler, rates = make(steps), []
        for value in case.inputs["values"]:
            rates.append(steps.param_groups[0]["lr"])
            steps.step()
            scheduler.step(*([value] if observes else []))
        return {"rates": np.array(rates)}

    return run


def regularizer(penalty: Callable[[Any], Any], *, everything: bool = False) -> Callable[[Case], Arrays]:
    """The penalty(w) of the vector of all weights, or of all parameters, and its gradient."""

    def run(case: Case) -> Arrays:
        W, b = tensor(case.inputs["W"], grad=True), tensor(case.inputs["b"], grad=True)
        value = penalty(torch.cat([W.flatten(), b if everything else 0 * b]))
        value.backward()
        grads = {"dW": W.grad.numpy(), "db": b.grad.numpy()}
        return {"penalty": value.detach().numpy(), **grads, **case.inputs}

    return run


def max_norm(limit: float, *, everything: bool = False) -> Callable[[Case], Arrays]:
    """Max-norm by projection. PyTorch's renorm divides by norm + 1e-7, which differs by more than 1e-9."""

    def bound(w: Any) -> Any:
        return (w * torch.clamp(limit / torch.linalg.vector_norm(w, dim=0), max=1.0)).numpy()

    def run(case: Case) -> Arrays:
        W, b = case.inputs["W"], case.inputs["b"]
        zero = {"penalty": np.array(0.0), "dW": 0 * W, "db": 0 * b}
        return {**zero, "W": bound(tensor(W)), "b": bound(tensor(b)) if everything else b}

    return run


def metric(score: Callable[[Any, Any], float]) -> Callable[[Case], Arrays]:
    return lambda case: {"score": np.array(score(case.inputs["p"], case.inputs["t"]))}


def calibration(p: Any, t: Any, bins: int = 15) -> float:
    """The expected calibration error by the definition of Guo et al., 2017, bin by bin."""
    confidence, right = p.max(axis=1), p.argmax(axis=1) == t
    total = 0.0
    for i in range(bins):
        inside = (confidence > i / bins) & (confidence <= (i + 1) / bins)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return float(total)


def roc_auc(p: Any, t: Any) -> float:
    if p.shape[1] == 2:
        return float(scores.roc_auc_score(t, p[:, 1] - p[:, 0]))
    return float(scores.roc_auc_score(t, p, multi_class="ovr"))


def averaged(score: Callable[..., float], average: str) -> Callable[[Case], Arrays]:
    return metric(lambda p, t: score(t, p.argmax(axis=1), average=average, zero_division=0))


def swapped(score: Callable[[Any, Any], float], p: Any, t: Any) -> float:
    return score(t, p)


def brier(p: Any, t: Any) -> float:
    return float(((p - np.eye(p.shape[1])[t]) ** 2).sum(axis=1).mean())


torch.set_default_dtype(torch.float64)  # NAdam keeps a product in the default type


def training(case: Case) -> Arrays:
    """The same 300 steps from the same weights over the same batches."""
    given = {name: tensor(array) for name, array in case.inputs.items()}
    first, norm, last = torch.nn.Linear(2, 8, bias=False), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 3)
    with torch.no_grad():
        for linear, name in ((first, "0_dense"), (last, "4_dense")):
            linear.weight.copy_(given[f"{name}_W"].T)
            if linear.bias is not None:
                linear.bias.copy_(given[f"{name}_b"])
    net = torch.nn.Sequential(first, norm, torch.nn.ReLU(), last)
    steps = torch.optim.Adam(net.parameters(), lr=0.01)
    schedule = rates.CosineAnnealingLR(steps, 300)
    for order in given["orders"]:
        for rows in order.split(16):
            steps.zero_grad()
            functional.cross_entropy(net(given["x"][rows]), given["t"][rows]).backward()
            steps.step()
            schedule.step()
    return {
        "0_dense_W": first.weight.detach().numpy().T,
        "1_batch_norm_gamma": norm.weight.detach().numpy(),
        "1_batch_norm_beta": norm.bias.detach().numpy(),
        "1_batch_norm_running_mean": norm.running_mean.numpy(),
        "1_batch_norm_running_var": norm.running_var.numpy(),
        "4_dense_W": last.weight.detach().numpy().T,
        "4_dense_b": last.bias.detach().numpy(),
    }


functional: Any = torch.nn.functional
rates: Any = torch.optim.lr_scheduler
WEIGHTS = [0.5, 2.0, 1.5]
weights = torch.tensor(WEIGHTS, dtype=torch.float64)

LAYERS: dict[str, Callable[[Case], Arrays]] = {
    "layer/dense/narrow": layer(dense),
    "layer/dense/wide": layer(dense),
    "layer/dense/single": layer(dense),
    **{
        f"layer/{name}/{variant}": layer(forward)
        for name, forward in {
            "relu": functional.relu,
            "sigmoid": torch.sigmoid,
            "tanh": torch.tanh,
            "softmax": lambda x: functional.softmax(x, dim=-1),
            "selu": functional.selu,
            "silu": functional.silu,
            "mish": functional.mish,
            "hard_sigmoid": lambda x: functional.relu6(x + 3) / 6,  # hardsigmoid's own 1/6 is a float32
            "leaky_relu": functional.leaky_relu,
            "elu": functional.elu,
            "gelu": functional.gelu,
            "softplus": functional.softplus,
        }.items()
        for variant in ("vector", "matrix")
    },
    "layer/leaky_relu/slope": layer(lambda x: functional.leaky_relu(x, 0.3)),
    "layer/elu/alpha": layer(lambda x: functional.elu(x, 0.4)),
    "layer/gelu/approximate": layer(lambda x: functional.gelu(x, approximate="tanh")),
    "layer/softplus/beta": layer(lambda x: functional.softplus(x, beta=3.0)),
    "layer/prelu/shared": layer(lambda x, a: functional.prelu(x, a)),
    "layer/prelu/channels": layer(lambda x, a: functional.prelu(x, a)),
    "layer/dropout/half": layer(dropout),
    "layer/gaussian_noise/plain": layer(noise),
    "layer/batch_norm/sequence": layer(batch_norm(1e-5)),
    "layer/batch_norm/vector": layer(batch_norm(1e-5)),
    "layer/batch_norm/image": layer(batch_norm(0.01)),
    "layer/layer_norm/last": layer(layer_norm),
    "layer/layer_norm/row": layer(layer_norm),
    "layer/flatten/image": layer(lambda x: x.flatten(1)),
    "layer/reshape/image": layer(lambda x: x.reshape(len(x), 4, -1)),
    "layer/residual/dense": layer(lambda x, W, b: x + torch.tanh(dense(x, W, b))),
}
OF_IMAGES: dict[str, Callable[..., Any]] = {
    "conv2d": conv2d,
    "conv_transpose2d": conv_transpose2d,
    "max_pool2d": max_pool2d,
    "avg_pool2d": avg_pool2d,
    "global_avg_pool2d": lambda x: x.mean(dim=(2, 3)),
    "upsample2d": upsample2d,
    "padding2d": padding2d,
    "dropout2d": dropout2d,
}
IMAGES: dict[str, Callable[[Case], Arrays]] = {
    f"layer/{name}/{variant}{ties}": layer(partial(forward, **IMAGE_LAYERS[name][variant][0]))
    for name, forward in OF_IMAGES.items()
    for variant in IMAGE_LAYERS[name]
    for ties in (("", "_ties") if name == "max_pool2d" else ("",))
}
LOSSES: dict[str, Callable[[Case], Arrays]] = {
    "loss/mse/values": loss(functional.mse_loss),
    "loss/mse/classes": loss(mse_of_classes),
    **{
        f"loss/{name}/{variant}": loss(value)
        for name, value in {
            "mae": functional.l1_loss,
            "huber": functional.huber_loss,
            "log_cosh": log_cosh,
            "quantile": quantile(0.5),
        }.items()
        for variant in ("values", "ties", "extreme")
    },
    "loss/huber/delta": loss(lambda z, t: functional.huber_loss(z, t, delta=0.3)),
    "loss/quantile/high": loss(quantile(0.9)),
    "loss/quantile/high_ties": loss(quantile(0.9)),
    "loss/poisson/counts": loss(functional.poisson_nll_loss),
    "loss/poisson/extreme": loss(functional.poisson_nll_loss),
    "loss/hinge/plain": loss(functional.multi_margin_loss),
    "loss/hinge/ties": loss(functional.multi_margin_loss),
    "loss/hinge/extreme": loss(functional.multi_margin_loss),
    "loss/hinge/margin": loss(lambda z, t: functional.multi_margin_loss(z, t, margin=0.3)),
    "loss/binary_cross_entropy/classes": loss(binary),
    "loss/binary_cross_entropy/labels": loss(binary),
    "loss/binary_cross_entropy/extreme": loss(binary),
    **{
        f"loss/binary_cross_entropy/weighted_{variant}": loss(partial(binary, weight=3.0))
        for variant in ("classes", "labels", "shares")
    },
    "loss/cross_entropy/plain": loss(functional.cross_entropy),
    "loss/cross_entropy/extreme": loss(functional.cross_entropy),
    "loss/cross_entropy/smooth": loss(lambda z, t: functional.cross_entropy(z, t, label_smoothing=0.1)),
    "loss/cross_entropy/weighted": loss(lambda z, t: functional.cross_entropy(z, t, weights)),
    **{
        f"loss/cross_entropy/{variant}": loss(
            lambda z, t: functional.cross_entropy(z, t, weights, label_smoothing=0.1)
        )
        for variant in ("both", "both_extreme")
    },
}
OPTIMIZERS: dict[str, Callable[[Case], Arrays]] = {
    "optimizer/sgd/plain": optimizer(torch.optim.SGD),
    "optimizer/sgd/momentum": optimizer(torch.optim.SGD, momentum=0.9),
    "optimizer/sgd/nesterov": optimizer(torch.optim.SGD, momentum=0.9, nesterov=True),
    "optimizer/sgd/decay": optimizer(torch.optim.SGD, momentum=0.9, decay=0.1),
    "optimizer/rmsprop/centered": optimizer(torch.optim.RMSprop, centered=True, momentum=0.8),
    "optimizer/rmsprop/only_centered": optimizer(torch.optim.RMSprop, centered=True, alpha=0.8),
    "optimizer/rmsprop/momentum": optimizer(torch.optim.RMSprop, momentum=0.8, eps=0.1),
    "optimizer/adagrad/epsilon": optimizer(torch.optim.Adagrad, eps=0.1),
    "optimizer/adadelta/options": optimizer(torch.optim.Adadelta, rho=0.5, eps=1e-3),
    "optimizer/adamw/options": optimizer(torch.optim.AdamW, decay=0.01, betas=(0.5, 0.7), eps=0.01),
    "optimizer/amsgrad/options": optimizer(torch.optim.Adam, amsgrad=True, betas=(0.5, 0.7), eps=0.01),
    "optimizer/nadam/momentum_decay": optimizer(torch.optim.NAdam, momentum_decay=0.5),
    "optimizer/adam/forgetful": optimizer(torch.optim.Adam, betas=(0.0, 0.0)),
    "optimizer/lion/options": optimizer(lion, betas=(0.3, 0.6)),
    **{
        f"optimizer/{name}/options": optimizer(make, betas=(0.5, 0.7), eps=0.01)
        for name, make in {
            "adam": torch.optim.Adam,
            "adamax": torch.optim.Adamax,
            "nadam": torch.optim.NAdam,
        }.items()
    },
    "optimizer/adamw/plain": optimizer(torch.optim.AdamW, decay=0.01),
    "optimizer/adamw/decay": optimizer(torch.optim.AdamW, decay=0.1),
    "optimizer/amsgrad/plain": optimizer(torch.optim.Adam, amsgrad=True),
    "optimizer/amsgrad/decay": optimizer(torch.optim.Adam, amsgrad=True, decay=0.1),
    **{
        f"optimizer/{name}/{variant}": optimizer(make, decay=decay)
        for name, make in {
            "adagrad": torch.optim.Adagrad,
            "rmsprop": torch.optim.RMSprop,
            "adadelta": torch.optim.Adadelta,
            "adam": torch.optim.Adam,
            "adamax": torch.optim.Adamax,
            "nadam": torch.optim.NAdam,
            "lion": lion,
        }.items()
        for variant, decay in (("plain", 0.0), ("decay", 0.1))
    },
}
SCHEDULES: dict[str, Callable[[Case], Arrays]] = {
    "schedule/constant/plain": schedule(lambda steps: rates.ConstantLR(steps, factor=1.0)),
    "schedule/constant/warmup": schedule(lambda steps: rates.LinearLR(steps, 0.1, 1.0, 9)),
    "schedule/step/plain": schedule(lambda steps: rates.StepLR(steps, 7, 0.5)),
    "schedule/exponential/plain": schedule(lambda steps: rates.ExponentialLR(steps, 0.9)),
    "schedule/polynomial/plain": schedule(lambda steps: rates.PolynomialLR(steps, STEPS, 2.0)),
    "schedule/cosine/plain": schedule(lambda steps: rates.CosineAnnealingLR(steps, STEPS, 0.001)),
    "schedule/cosine/restarts": schedule(lambda steps: rates.CosineAnnealingWarmRestarts(steps, 8, 2, 0.001)),
    "schedule/one_cycle/plain": schedule(
        lambda steps: rates.OneCycleLR(steps, RATE, total_steps=STEPS, cycle_momentum=False)
    ),
    "schedule/inverse_time/plain": schedule(lambda steps: rates.LambdaLR(steps, lambda i: 1 / (1 + 0.3 * i))),
    "schedule/reduce_on_plateau/plain": schedule(
        lambda steps: rates.ReduceLROnPlateau(steps, factor=0.5, patience=3, cooldown=2), observes=True
    ),
    "schedule/step/epochs": schedule(lambda steps: rates.StepLR(steps, 10, 0.5)),
    "schedule/exponential/epochs": schedule(lambda steps: rates.StepLR(steps, 5, 0.5)),
    "schedule/polynomial/epochs": schedule(lambda steps: rates.PolynomialLR(steps, STEPS, 0.5)),
    "schedule/cosine/epochs": schedule(lambda steps: rates.CosineAnnealingLR(steps, STEPS)),
    "schedule/cosine/warmup": schedule(
        lambda steps: rates.SequentialLR(
            steps, [rates.LinearLR(steps, 0.1, 1.0, 9), rates.CosineAnnealingLR(steps, STEPS - 10)], [10]
        )
    ),
    "schedule/cosine/same_cycles": schedule(lambda steps: rates.CosineAnnealingWarmRestarts(steps, 7)),
    "schedule/one_cycle/options": schedule(
        lambda steps: rates.OneCycleLR(
            steps,
            RATE,
            total_steps=STEPS,
            pct_start=0.1,
            div_factor=10.0,
            final_div_factor=100.0,
            cycle_momentum=False,
        )
    ),
    "schedule/inverse_time/epochs": schedule(
        lambda steps: rates.LambdaLR(steps, lambda i: 1 / (1 + 0.3 * i / 5))
    ),
    "schedule/reduce_on_plateau/noisy": schedule(
        lambda steps: rates.ReduceLROnPlateau(
            steps, factor=0.7, patience=2, threshold=0.05, min_lr=0.01, cooldown=1
        ),
        observes=True,
    ),
    "schedule/reduce_on_plateau/smallest": schedule(
        lambda steps: rates.ReduceLROnPlateau(steps, factor=0.1, patience=0), observes=True
    ),
}
REGULARIZERS: dict[str, Callable[[Case], Arrays]] = {
    "regularizer/elastic_net/strengths": regularizer(lambda w: 0.3 * w.abs().sum() + 0.35 * w.square().sum()),
    **{
        f"regularizer/{name}/{variant}": regularizer(penalty, everything=everything)
        for name, penalty in {
            "l1": lambda w: 1e-4 * w.abs().sum(),
            "l2": lambda w: 0.5e-4 * w.square().sum(),
            "elastic_net": lambda w: 1e-4 * w.abs().sum() + 0.5e-4 * w.square().sum(),
        }.items()
        for variant, everything in (("plain", False), ("all", True))
    },
    "regularizer/max_norm/plain": max_norm(1.5),
    "regularizer/max_norm/all": max_norm(1.5, everything=True),
}
METRICS: dict[str, Callable[[Case], Arrays]] = {
    "metric/accuracy/classes": metric(lambda p, t: scores.accuracy_score(t, p.argmax(axis=1))),
    "metric/brier/classes": metric(brier),
    "metric/log_loss/classes": metric(lambda p, t: scores.log_loss(t, p)),
    "metric/log_loss/sure": metric(lambda p, t: scores.log_loss(t, p)),
    "metric/roc_auc/classes": metric(roc_auc),
    "metric/roc_auc/ties": metric(roc_auc),
    "metric/roc_auc/scores": metric(roc_auc),
    "metric/top_k_accuracy/classes": metric(lambda p, t: scores.top_k_accuracy_score(t, p, k=5)),
    "metric/top_k_accuracy/two": metric(lambda p, t: scores.top_k_accuracy_score(t, p, k=2)),
    "metric/top_k_accuracy/ties": metric(lambda p, t: scores.top_k_accuracy_score(t, p, k=2)),
    "metric/expected_calibration_error/plain": metric(calibration),
    "metric/expected_calibration_error/edges": metric(partial(calibration, bins=10)),
    **{
        f"metric/{name}/{variant}": averaged(score, average)
        for name, score in {
            "precision": scores.precision_score,
            "recall": scores.recall_score,
            "f1": scores.f1_score,
        }.items()
        for variant, average in (("classes", "macro"), ("absent", "macro"), ("micro", "micro"))
    },
    "metric/mae/values": metric(lambda p, t: scores.mean_absolute_error(t, p)),
    "metric/rmse/values": metric(lambda p, t: np.sqrt(scores.mean_squared_error(t, p))),
    "metric/mape/values": metric(lambda p, t: scores.mean_absolute_percentage_error(t, p)),
    "metric/mape/zeros": metric(lambda p, t: scores.mean_absolute_percentage_error(t, p)),
    **{
        f"metric/{name}/{variant}": metric(partial(swapped, score))
        for name, score in {
            "r2": scores.r2_score,
            "explained_variance": scores.explained_variance_score,
        }.items()
        for variant in ("values", "constant")
    },
}
PEERS = {
    "training/adam/cosine": training,
    **LAYERS,
    **IMAGES,
    **LOSSES,
    **OPTIMIZERS,
    **SCHEDULES,
    **REGULARIZERS,
    **METRICS,
}
