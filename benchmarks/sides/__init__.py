"""The contestants, a file for each, so that a process imports only its own library."""

from workloads import Workload

from sides.base import Contestant


def make(side: str, workload: Workload, threads: str, variant: str = "") -> Contestant:
    """The contestant of this name."""
    match side:
        case "nnfs":
            from sides.ours import OurInference, Ours

            return (OurInference if workload.inference else Ours)(workload, threads, variant)
        case "plain NumPy":
            from sides.plain import Plain

            return Plain(workload, threads, variant)
        case "PyTorch":
            from sides.pytorch import TorchInference, TorchTraining

            return (TorchInference if workload.inference else TorchTraining)(workload, threads, variant)
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
