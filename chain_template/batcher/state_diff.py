"""From two states to the difference that pubdata holds, and back from a state and its pubdata to the next state."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import rlp
from trie.exceptions import MissingTrieNode
from trie.hexary import HexaryTrie

from chain_template.batcher.compression import CompressedValue, compress
from chain_template.batcher.pubdata import AccountDiff, Pubdata
from chain_template.errors import DataMismatch, MissingStateNode
from chain_template.executor.interface import StateView
from chain_template.primitives import int_to_bytes, keccak
from chain_template.state import ABSENT_ACCOUNT, StateReader

TouchedKeys = Iterable[tuple[bytes, int | None]]


def state_diff(touched: TouchedKeys, before: StateReader, after: StateReader) -> tuple[AccountDiff, ...]:
    """What really changed among the keys that may have changed.

    Args:
        touched: (address, None) for accounts and (address, slot) for storage; a superset of what changed.
        before: The state before the batch.
        after: The state after it.

    Raises:
        MissingStateNode: A state lacks a node on the way to a key.
    """
    slots: defaultdict[bytes, set[int]] = defaultdict(set)
    for address, slot in touched:
        slots[address].update(() if slot is None else (slot,))
    diffs = (_account_diff(address, sorted(slots[address]), before, after) for address in sorted(slots))
    return tuple(diff for diff in diffs if diff.fields)


def _account_diff(address: bytes, slots: Iterable[int], before: StateReader, after: StateReader) -> AccountDiff:
    new = after.account(address)
    old = before.account(address)
    if new is None:
        return AccountDiff(address, deleted=old is not None)
    old = old or ABSENT_ACCOUNT
    return AccountDiff(
        address=address,
        nonce=_change(old.nonce, new.nonce),
        balance=_change(old.balance, new.balance),
        code=after.code(address) if new.code_hash != old.code_hash else None,
        slots=_slot_changes(address, slots, before, after) if new.storage_root != old.storage_root else (),
    )


def _slot_changes(
    address: bytes, slots: Iterable[int], before: StateReader, after: StateReader
) -> tuple[tuple[int, CompressedValue], ...]:
    values = ((slot, before.storage(address, slot), after.storage(address, slot)) for slot in slots)
    return tuple((slot, compress(old, new)) for slot, old, new in values if old != new)


def _change(old: int, new: int) -> CompressedValue | None:
    return compress(old, new) if old != new else None


class Overlay:
    """A state view with new nodes above an older one; the older one is never written."""

    def __init__(self, below: StateView, nodes: Mapping[bytes, bytes] | None = None) -> None:
        self._below = below
        self.nodes: dict[bytes, bytes] = dict(nodes or {})

    def __getitem__(self, key: bytes, /) -> bytes:
        found = self.nodes.get(key)
        return self._below[key] if found is None else found

    def __setitem__(self, key: bytes, value: bytes, /) -> None:
        self.nodes[key] = value

    def __contains__(self, key: object, /) -> bool:
        return key in self.nodes or key in self._below


@dataclass(frozen=True)
class AppliedDiff:
    """The state after a batch, rebuilt from its pubdata.

    Attributes:
        nodes: Trie nodes and codes to add to the state before, by hash.
    """

    state_root: bytes
    nodes: Mapping[bytes, bytes]


def apply_pubdata(state: StateView, state_root: bytes, pubdata: Pubdata) -> AppliedDiff:
    """Apply a batch's difference to the state before it.

    Args:
        state: Nodes and codes of the state before.
        state_root: Its root.
        pubdata: What the batch published.

    Raises:
        DataMismatch: A change is not in its one form (unchanged, or not the shortest), or the rebuilt root is not the
            one in the header: the pubdata is not this batch's.
        MissingStateNode: ``state`` is incomplete.
    """
    overlay = Overlay(state)
    before = StateReader(state, state_root)
    accounts = HexaryTrie(overlay, state_root)
    try:
        for diff in pubdata.accounts:
            _apply_account(diff, before, accounts, overlay)
    except MissingTrieNode as exc:
        raise MissingStateNode(f"no trie node with hash 0x{bytes(exc.missing_node_hash).hex()}") from exc
    if accounts.root_hash != pubdata.header.state_root:
        raise DataMismatch(
            f"pubdata leads to state root 0x{accounts.root_hash.hex()}, "
            f"its header has 0x{pubdata.header.state_root.hex()}"
        )
    return AppliedDiff(bytes(accounts.root_hash), overlay.nodes)


def _apply_account(diff: AccountDiff, before: StateReader, accounts: HexaryTrie, overlay: Overlay) -> None:
    key = keccak(diff.address)
    old = before.account(diff.address)
    if diff.deleted:
        if old is None:
            what = f"pubdata deletes account 0x{diff.address.hex()}, which does not exist"
            raise DataMismatch(what, account=diff.address)
        accounts[key] = b""
        return
    old = old or ABSENT_ACCOUNT
    storage = HexaryTrie(overlay, old.storage_root)
    for slot, change in diff.slots:
        value = _new_value(change, before.storage(diff.address, slot), diff.address)
        storage[keccak(slot.to_bytes(32, "big"))] = rlp.encode(int_to_bytes(value)) if value else b""
    accounts[key] = rlp.encode(
        [
            int_to_bytes(_new_value(diff.nonce, old.nonce, diff.address)),
            int_to_bytes(_new_value(diff.balance, old.balance, diff.address)),
            storage.root_hash,
            _store_code(diff.code, overlay) if diff.code is not None else old.code_hash,
        ]
    )


def _new_value(change: CompressedValue | None, old: int, address: bytes) -> int:
    if change is None:
        return old
    new = change.apply(old)
    if new == old or compress(old, new) != change:
        what = f"pubdata has a change of account 0x{address.hex()} that is not in its shortest form"
        raise DataMismatch(what, account=address)
    return new


def _store_code(code: bytes, overlay: Overlay) -> bytes:
    code_hash = keccak(code)
    overlay[code_hash] = code
    return code_hash
