"""The fast executor: the batch program's own C sources, compiled for this machine."""

from chain_template.executor.native.executor import NativeExecutor

__all__ = ["NativeExecutor"]
