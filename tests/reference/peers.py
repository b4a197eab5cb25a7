"""PyTorch's side of every case, in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tests.reference.cases import RATE, STEPS, Arrays, Case


def tensor(array: Any, *, grad: bool = False) -> Any:
    return torch.tensor(np.asarray(array), requires_grad=grad)


def layer(forward: Callable[..., Any]) -> Callable[[Case], Arrays]:
    """y and all gradients of forward(x, **params), under dy."""

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
    """value(z, t) and its gradient to z."""

    def run(case: Case) -> Arrays:
        z = tensor(case.inputs["z"], grad=True)
        result = value(z, tensor(case.inputs["t"]))
        result.backward()
        return {"value": result.detach().numpy(), "dz": z.grad.numpy()}

    return run


def optimizer(make: Callable[..., Any], *, decay: float = 0.0, **options: Any) -> Callable[[Case], Arrays]:
    """The path of W, which weight decay applies to, and of b, which it spares."""

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
    return torch.nn.functional.linear(x, W.T, b)


def mse_of_classes(z: Any, t: Any) -> Any:
    onehot = torch.nn.functional.one_hot(t, z.shape[1]).double()
    return torch.nn.functional.mse_loss(z, onehot)


functional = torch.nn.functional
PEERS: dict[str, Callable[[Case], Arrays]] = {
    "layer/dense/wide": layer(dense),
    "layer/dense/single": layer(dense),
    **{
        f"layer/{name}/{variant}": layer(forward)
        for name, forward in {
            "relu": functional.relu,
            "sigmoid": torch.sigmoid,
            "tanh": torch.tanh,
            "softmax": lambda x: functional.softmax(x, dim=-1),
        }.items()
        for variant in ("vector", "matrix")
    },
    "layer/flatten/image": layer(lambda x: x.flatten(1)),
    "loss/mse/values": loss(functional.mse_loss),
    "loss/mse/classes": loss(mse_of_classes),
    "loss/cross_entropy/plain": loss(functional.cross_entropy),
    "loss/cross_entropy/extreme": loss(functional.cross_entropy),
    "optimizer/sgd/plain": optimizer(torch.optim.SGD),
    "optimizer/sgd/momentum": optimizer(torch.optim.SGD, momentum=0.9),
    "optimizer/sgd/nesterov": optimizer(torch.optim.SGD, momentum=0.9, nesterov=True),
    "optimizer/sgd/decay": optimizer(torch.optim.SGD, momentum=0.9, decay=0.1),
}
