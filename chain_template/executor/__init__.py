"""Executing blocks. ``interface`` is the seam; behind it are ``native``, the fast one, and ``pyevm``, the reference."""

from collections.abc import Callable

from chain_template.errors import ConfigError
from chain_template.executor.interface import ChainRules, Executor
from chain_template.executor.shadow import ShadowedExecutor


def _pyevm(rules: ChainRules) -> Executor:
    # Imported on first use: py-evm takes over a second to load.
    from chain_template.executor.pyevm import PyEvmExecutor

    return PyEvmExecutor(rules)


def _native(rules: ChainRules) -> Executor:
    from chain_template.executor.native import NativeExecutor

    return NativeExecutor(rules)


EXECUTORS: dict[str, Callable[[ChainRules], Executor]] = {"native": _native, "pyevm": _pyevm}


def make_chain_executor(name: str, rules: ChainRules, shadow_share: float) -> Executor:
    """What a chain runs on: the executor with this name, with a share of the blocks held to the other one.

    Raises:
        ConfigError: There is none of that name.
    """
    executor = make_executor(name, rules)
    if not shadow_share:
        return executor
    other = "native" if name == "pyevm" else "pyevm"
    return ShadowedExecutor(executor, (name, other), lambda: make_executor(other, rules), shadow_share)


def make_executor(name: str, rules: ChainRules) -> Executor:
    """The executor with this name.

    Raises:
        ConfigError: There is none.
    """
    if name not in EXECUTORS:
        raise ConfigError(f'there is no executor "{name}"; choose one of: {", ".join(sorted(EXECUTORS))}')
    return EXECUTORS[name](rules)
