"""The same from Python: experiments, runs and the gradient check. `nnfs_cli` offers all of it."""

from nnfs_cli.api.experiment import Experiment as Experiment
from nnfs_cli.api.explanation import explain as explain
from nnfs_cli.api.run import Run as Run
from nnfs_cli.api.run import load_run as load_run
