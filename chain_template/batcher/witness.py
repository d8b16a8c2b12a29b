"""What a stateless re-execution of a batch must be given of the state before it.

Blocks remember which trie nodes and codes they read. Of these a batch needs only what the state before it holds: the
rest is made by its own blocks. A node of that state is reachable from its root through nodes that were read too, since
nothing can be read or replaced without reading what stands above it; so the witness is found by walking down from the
root and never leaving the set of what was read.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Any, Final

from chain_template.errors import MissingStateNode
from chain_template.executor.interface import StateView
from chain_template.primitives import decode_rlp, keccak
from chain_template.state.reader import decode_account
from chain_template.transactions.types import Transaction

_BLOCKHASH: Final = 0x40
_CREATE: Final = 0xF0
_CREATE2: Final = 0xF5
_PUSH1: Final = 0x60
_PUSH32: Final = 0x7F
_BRANCH_ITEMS: Final = 17
#: Set in the first nibble of a leaf's path (Yellow Paper, appendix C).
_LEAF_FLAG: Final = 0x20


@dataclass(frozen=True, slots=True)
class Witness:
    """Part of a state: trie nodes and contract codes, each ascending by hash, without repetition."""

    nodes: tuple[bytes, ...]
    codes: tuple[bytes, ...]


class RecordingView:
    """A state view that remembers which hashes were read."""

    def __init__(self, below: StateView) -> None:
        self._below = below
        self.read: set[bytes] = set()

    def __getitem__(self, key: bytes, /) -> bytes:
        value = self._below[key]
        self.read.add(key)
        return value

    def __contains__(self, key: object, /) -> bool:
        return key in self._below


def collect_witness(state: StateView, state_root: bytes, read: Set[bytes]) -> Witness:
    """The nodes and codes of one state that are among ``read``.

    Args:
        state: Holds the whole state.
        state_root: Its root.
        read: Hashes of what the batch's blocks (and its state diff) read, from whatever state.

    Raises:
        MissingStateNode: ``state`` lacks a node that was read.
    """
    walk = _Walk(state, read)
    walk.visit(state_root, is_account_trie=True)
    nodes = sorted(walk.nodes - walk.codes)
    return Witness(tuple(state[key] for key in nodes), tuple(state[key] for key in sorted(walk.codes)))


class _Walk:
    """One walk over the part of a state that was read."""

    def __init__(self, state: StateView, read: Set[bytes]) -> None:
        self._state = state
        self._read = read
        self._seen: set[tuple[bytes, bool]] = set()
        self.nodes: set[bytes] = set()
        self.codes: set[bytes] = set()

    def visit(self, root: bytes, *, is_account_trie: bool) -> None:
        """Walk down from ``root``; iterative, as nothing bounds how deep accounts and their tries nest."""
        pending = [(root, is_account_trie)]
        while pending:
            key, in_accounts = pending.pop()
            if key not in self._read or (key, in_accounts) in self._seen:
                continue
            self._seen.add((key, in_accounts))
            self.nodes.add(key)
            self._expand(decode_rlp(self._node(key)), in_accounts, pending)

    def _node(self, key: bytes) -> bytes:
        try:
            return self._state[key]
        except KeyError:
            raise MissingStateNode(f"no trie node with hash 0x{key.hex()}") from None

    def _expand(self, node: list[Any], in_accounts: bool, pending: list[tuple[bytes, bool]]) -> None:
        """Queue what ``node`` refers to. A child shorter than a hash stands in its parent."""
        if len(node) == _BRANCH_ITEMS:
            children = node[:-1]
        elif node[0][0] & _LEAF_FLAG:
            if in_accounts:
                self._expand_account(node[1], pending)
            return
        else:
            children = node[1:]
        for child in children:
            if isinstance(child, list):
                self._expand(child, in_accounts, pending)
            elif child:
                pending.append((child, in_accounts))

    def _expand_account(self, leaf: bytes, pending: list[tuple[bytes, bool]]) -> None:
        account = decode_account(leaf)
        if account is None:
            return
        pending.append((account.storage_root, False))
        if account.code_hash in self._read:
            self.codes.add(account.code_hash)


def may_read_block_hashes(codes: Iterable[bytes], transactions: Iterable[Transaction]) -> bool:
    """Whether execution could reach BLOCKHASH; False is certain, True is a guess on the safe side.

    Code that a batch creates may be put together in memory, so wherever something can be created all is possible.
    """
    if any(tx.to is None for tx in transactions):
        return True
    return any(_has_opcode(code, (_BLOCKHASH, _CREATE, _CREATE2)) for code in codes)


def _has_opcode(code: bytes, wanted: tuple[int, ...]) -> bool:
    at = 0
    while at < len(code):
        opcode = code[at]
        if opcode in wanted:
            return True
        # The bytes behind a PUSH are data: jumps cannot land in them.
        at += opcode - _PUSH1 + 2 if _PUSH1 <= opcode <= _PUSH32 else 1
    return False


def index_by_hash(items: Iterable[bytes]) -> dict[bytes, bytes]:
    """Nodes or codes by their keccak hash."""
    return {keccak(item): item for item in items}
