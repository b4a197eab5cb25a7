"""The contestants: one file for each, so that a process imports no more than its own."""

from workloads import Workload

from sides.base import Contestant


def make(side: str, workload: Workload, threads: str, variant: str = "") -> Contestant:
    """The contestant that `side` names."""
    match side:
        case "nnfs":
            from sides.ours import Answering, Ours

            return (Answering if workload.answers else Ours)(workload, threads, variant)
        case "plain NumPy":
            from sides.plain import Plain

            return Plain(workload, threads, variant)
        case "PyTorch":
            from sides.pytorch import TorchAnswering, TorchTraining

            return (TorchAnswering if workload.answers else TorchTraining)(workload, threads, variant)
        case "scikit-learn":
            from sides.sklearn_mlp import Sklearn

            return Sklearn(workload, threads, variant)
        case "JAX":
            from sides.jax_side import Jax

            return Jax(workload, threads, variant)
        case "bare matmuls":
            from sides.blas import Blas

            return Blas(workload, threads, variant)
    raise ValueError(f"no contestant {side}")
