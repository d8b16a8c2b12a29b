"""What a batch has to do with other chains: value it sends to them, and message roots it relies on.

Both are read from events of system contracts, which are part of the receipts and so of what is proven:
``InteropFlow`` of the native token vault (0x10004) and ``InteropRootAdded`` of the root storage (0x10008). The same
events of any other contract mean nothing.
"""

from collections.abc import Iterable
from typing import Final

from chain_template.errors import BatchError
from chain_template.primitives import keccak, to_int
from chain_template.receipts import Log, Receipt
from contracts.codec import u256
from contracts.genesis import L2_INTEROP_ROOT_STORAGE, L2_NATIVE_TOKEN_VAULT
from contracts.messages import InteropFlow, InteropRoot

#: InteropFlow(uint256 indexed destinationChainId, bytes32 indexed assetId, uint256 amount)
INTEROP_FLOW_TOPIC: Final = keccak(b"InteropFlow(uint256,bytes32,uint256)")
#: InteropRootAdded(uint256 indexed chainId, uint256 indexed blockNumber, bytes32[] sides)
INTEROP_ROOT_ADDED_TOPIC: Final = keccak(b"InteropRootAdded(uint256,uint256,bytes32[])")

_TOPICS: Final = 3
_WORD_BYTES: Final = 32
_KINDS: Final = frozenset(
    {(L2_NATIVE_TOKEN_VAULT, INTEROP_FLOW_TOPIC), (L2_INTEROP_ROOT_STORAGE, INTEROP_ROOT_ADDED_TOPIC)}
)


class MalformedEvent(BatchError):
    """An event without the form that its system contract gives it: the state is none of a chain of the hub."""


def interop_events(receipts: Iterable[Receipt]) -> tuple[Log, ...]:
    """The events of both kinds, in order."""
    return tuple(log for receipt in receipts for log in receipt.logs if log.topics and _kind(log) in _KINDS)


def interop_flows(events: Iterable[Log]) -> tuple[InteropFlow, ...]:
    """What was sent, summed for each destination and asset, ascending by these; pairs of sum 0 are left out.

    Raises:
        MalformedEvent: See there.
    """
    sums: dict[tuple[int, bytes], int] = {}
    for log in events:
        if log.topics[0] == INTEROP_FLOW_TOPIC:
            _check_form(log, len(log.data) == _WORD_BYTES)
            pair = (to_int(log.topics[1]), log.topics[2])
            sums[pair] = sums.get(pair, 0) + to_int(log.data)
    return tuple(InteropFlow(*pair, amount) for pair, amount in sorted(sums.items()) if amount)


def imported_roots(events: Iterable[Log]) -> tuple[InteropRoot, ...]:
    """The message roots that were imported, in order.

    Raises:
        MalformedEvent: See there.
    """
    return tuple(_imported_root(log) for log in events if log.topics[0] == INTEROP_ROOT_ADDED_TOPIC)


def _imported_root(log: Log) -> InteropRoot:
    words = [log.data[at : at + _WORD_BYTES] for at in range(0, len(log.data), _WORD_BYTES)]
    sides = tuple(words[2:])
    _check_form(log, words[:2] == [u256(_WORD_BYTES), u256(len(sides))] and len(log.data) % _WORD_BYTES == 0)
    return InteropRoot(to_int(log.topics[1]), to_int(log.topics[2]), sides)


def _check_form(log: Log, has_form: bool) -> None:
    if len(log.topics) != _TOPICS or not has_form:
        raise MalformedEvent(f"an event of 0x{log.address.hex()} does not have the form that its contract gives it")


def _kind(log: Log) -> tuple[bytes, bytes]:
    return log.address, log.topics[0]
