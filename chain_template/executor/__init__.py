"""Executing blocks. ``interface`` is the seam; ``pyevm`` is the reference behind it."""

from collections.abc import Callable

from chain_template.errors import ConfigError
from chain_template.executor.interface import ChainRules, Executor


def _pyevm(rules: ChainRules) -> Executor:
    # Imported on first use: py-evm takes over a second to load.
    from chain_template.executor.pyevm import PyEvmExecutor

    return PyEvmExecutor(rules)


EXECUTORS: dict[str, Callable[[ChainRules], Executor]] = {"pyevm": _pyevm}


def make_executor(name: str, rules: ChainRules) -> Executor:
    """The executor with this name.

    Raises:
        ConfigError: There is none.
    """
    if name not in EXECUTORS:
        raise ConfigError(f'there is no executor "{name}"; choose one of: {", ".join(sorted(EXECUTORS))}')
    return EXECUTORS[name](rules)
