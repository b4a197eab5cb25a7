"""PyTorch in eager mode: tensors in memory, batches by index."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from workloads import Workload

from nnfs_cli.core.arrays import Array
from nnfs_cli.training.loading import load_data
from sides.base import Contestant, Inference, Trainer, Weights


class TorchNetwork(Contestant):
    """The workload's network. Variant `channels_last`: the memory format of images."""

    def __init__(self, workload: Workload, threads: str, variant: str = "") -> None:
        super().__init__(workload, threads, variant)
        if threads != "auto":
            torch.set_num_threads(int(threads))
        torch.manual_seed(0)
        x, t = workload.arrays("test" if workload.inference else "train")
        x = x[:, None] if workload.has_images else x.reshape(len(x), -1)
        self.x = self._laid_out(torch.from_numpy(x.astype(np.float32)))
        self.t = torch.from_numpy(t.astype(np.float32 if workload.regression else np.int64))

    def start(self, weights: Weights) -> None:
        """Make the network with these weights."""
        self.modules = {name: _module(name, layer, weights) for name, layer in self.workload.named_layers()}
        modules = [module for module in self.modules.values() if module is not None]
        self.net: Any = self._laid_out(torch.nn.Sequential(*modules))

    def _laid_out(self, it: Any) -> Any:
        return it.to(memory_format=torch.channels_last) if "channels_last" in self.variant else it


class TorchTraining(TorchNetwork, Trainer):
    """Training. Variants `fused` and `foreach`: implementations of the optimizer."""

    def start(self, weights: Weights) -> None:
        super().start(weights)
        options = self.workload.optimizer
        kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[options["type"]]
        way = {name: True for name in ("fused", "foreach") if name in self.variant}
        self._optimizer = kind(self.net.parameters(), lr=options["learning_rate"], **way)
        self._loss = torch.nn.MSELoss() if self.workload.regression else torch.nn.CrossEntropyLoss()

    def steps(self, batches: Sequence[Array]) -> None:
        for rows in batches:
            self._step(torch.from_numpy(rows))

    def part(self) -> None:
        for rows in torch.randperm(len(self.x)).split(self.workload.batch):
            self._step(rows)

    def _step(self, rows: Any) -> None:
        self._optimizer.zero_grad(set_to_none=True)
        self._loss(self.net(self.x[rows]), self.t[rows]).backward()
        self._optimizer.step()

    def weights(self) -> Weights:
        arrays: dict[str, Array] = {}
        for name, module in self.modules.items():
            match module:
                case torch.nn.Linear():
                    arrays |= {f"{name}/W": _array(module.weight).T, f"{name}/b": _array(module.bias)}
                case torch.nn.Conv2d():
                    arrays |= {f"{name}/W": _array(module.weight), f"{name}/b": _array(module.bias)}
                case torch.nn.BatchNorm1d():
                    arrays |= {
                        f"{name}/gamma": _array(module.weight),
                        f"{name}/beta": _array(module.bias),
                        f"{name}/running_mean": _array(module.running_mean),
                        f"{name}/running_var": _array(module.running_var),
                    }
        return arrays


class TorchInference(TorchNetwork, Inference):
    """Inference. Variants: `at once`, all rows in one batch; `from bytes`, bytes are scaled first."""

    def __init__(self, workload: Workload, threads: str, variant: str = "") -> None:
        super().__init__(workload, threads, variant)
        if "from bytes" in variant:
            data = load_data(workload.config())
            test = data.splits["test"]
            if np.any(data.inputs.shift) or np.size(data.inputs.scale) > 1:
                raise ValueError("bytes are expected to be scaled, and all alike")
            self._scale = float(data.inputs.scale)
            self.x = self._laid_out(torch.from_numpy(test.x[test.rows].reshape(self.x.shape)))

    def start(self, weights: Weights) -> None:
        super().start(weights)
        self.net.eval()

    def predictions(self) -> Array:
        size = len(self.x)
        if "at once" not in self.variant:
            size = 128 if self.workload.has_images else 1024
        with torch.inference_mode():
            parts = [self.net(self._floats(part)).softmax(1) for part in self.x.split(size)]
            return _array(parts[0] if len(parts) == 1 else torch.cat(parts))

    def _floats(self, x: Any) -> Any:
        return x.float().mul_(self._scale) if x.dtype == torch.uint8 else x


def _module(name: str, options: Any, weights: Weights) -> Any:
    """The module of a layer with its weights; None if PyTorch needs no module for it."""
    module: Any
    match options["type"]:
        case "dense":
            W = weights[f"{name}/W"]
            module = torch.nn.Linear(*W.shape)
            _fill(module, W.T, weights[f"{name}/b"])
        case "conv2d":
            W = weights[f"{name}/W"]
            module = torch.nn.Conv2d(W.shape[1], W.shape[0], options["kernel_size"])
            _fill(module, W, weights[f"{name}/b"])
        case "batch_norm":
            module = torch.nn.BatchNorm1d(len(weights[f"{name}/gamma"]))
            _fill(module, weights[f"{name}/gamma"], weights[f"{name}/beta"])
        case "relu":
            module = torch.nn.ReLU()
        case "max_pool2d":
            module = torch.nn.MaxPool2d(2)
        case "dropout":
            module = torch.nn.Dropout(options["rate"])
        case "flatten":
            module = torch.nn.Flatten()
        case _:
            module = None
    return module


def _fill(module: Any, weight: Array, bias: Array) -> None:
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(weight))
        module.bias.copy_(torch.from_numpy(bias))


def _array(tensor: Any) -> Array:
    array: Array = tensor.detach().numpy().copy()
    return array
