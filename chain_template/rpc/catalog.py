"""Every method there is; which of them a chain has."""

from collections.abc import Iterable
from itertools import chain

from chain_template.rpc import (
    debug,
    debug_raw,
    eth_blocks,
    eth_calls,
    eth_chain,
    eth_fees,
    eth_logs,
    eth_state,
    eth_subscriptions,
    eth_transactions,
    net_web3,
    txpool,
    zkhub,
    zks_batches,
    zks_chain,
    zks_fees,
)
from chain_template.rpc.registry import Method

_FILES = (
    eth_chain,
    eth_state,
    eth_blocks,
    eth_transactions,
    eth_calls,
    eth_fees,
    eth_logs,
    eth_subscriptions,
    net_web3,
    txpool,
    debug,
    debug_raw,
    zks_chain,
    zks_batches,
    zks_fees,
    zkhub,
)


def all_methods() -> list[Method]:
    """Every method, file by file; the reference page lists them in this order."""
    return list(chain.from_iterable(file.methods for file in _FILES))


def methods_of(*, has_l1: bool) -> dict[str, Method]:
    """The methods a chain has, by name.

    Args:
        has_l1: Whether it settles on an L1; only then are there batches to speak of.
    """
    return _by_name(method for method in all_methods() if has_l1 or not method.l1_only)


def _by_name(methods: Iterable[Method]) -> dict[str, Method]:
    found: dict[str, Method] = {}
    for method in methods:
        assert method.name not in found, f"{method.name} is registered twice"
        found[method.name] = method
    return found
