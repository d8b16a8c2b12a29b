"""L1's message root, rebuilt from its events: which roots there were, and proofs that a batch of a chain is under one.

Each executed batch is a leaf of its chain's tree, each chain's tree a leaf of the shared one, and the shared root is
kept for every L1 block in which a batch was executed (ZK Stack's MessageRoot). Both trees have as many levels as their
leaves need; a place without a leaf holds keccak of 96 zero bytes.
"""

import threading
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from chain_template.batcher.log_tree import PROOF_VERSION, TREE_DEPTH
from chain_template.errors import L1Diverged
from chain_template.primitives import ZERO_HASH, keccak
from chain_template.settlement.on_l1 import MAX_LOG_RANGE, ChainOnL1, L1Block
from contracts.artifacts import load
from contracts.client import Log

_BATCH_LEAF: Final = keccak(b"zkSync:BatchLeaf")
_CHAIN_ID_LEAF: Final = keccak(b"zkSync:ChainIdLeaf")
_EMPTY_LEAF: Final = keccak(bytes(96))
_EVENTS: Final = ("AddedChain", "AppendedChainBatchRoot", "NewChainRoot", "NewInteropRoot")

#: Where an event stands on L1: block, then its place among the block's events.
Position = tuple[int, int]


@dataclass(frozen=True, slots=True)
class KnownRoot:
    """The shared root of an L1 block: the last one that the block saw.

    Attributes:
        position: Of its event.
    """

    block_number: int
    root: bytes
    position: Position


@dataclass(frozen=True, slots=True)
class BatchProof:
    """A way from a ChainBatchRoot to a shared root.

    Attributes:
        words: What follows the log's own path in the words of a message-root proof.
        batch_path_length: Siblings in the chain's tree; the metadata word of the proof has it.
        root: Where it ends.
    """

    words: tuple[bytes, ...]
    batch_path_length: int
    root: KnownRoot

    def with_log(self, log_words: Sequence[bytes]) -> list[bytes]:
        """The whole proof of a log, for a target that knows message roots (0x10009 on another chain).

        Args:
            log_words: The log's own proof, as :meth:`~chain_template.batcher.log_tree.LogTree.proof` gives it.
        """
        return [metadata(TREE_DEPTH + 1, self.batch_path_length, is_final=False), *log_words[1:], *self.words]


@dataclass
class _ChainHistory:
    """One chain's part of the events, in order."""

    index: int
    added: Position
    batches: list[tuple[Position, bytes]] = field(default_factory=list)
    leaves: list[tuple[Position, bytes]] = field(default_factory=list)

    def leaf_at(self, at: Position) -> bytes:
        """The chain's leaf of the shared tree."""
        return self.leaves[bisect_right(self.leaves, at, key=lambda item: item[0]) - 1][1]

    def batch_leaves_at(self, at: Position) -> list[bytes]:
        """The leaves of the chain's own tree."""
        count = bisect_right(self.batches, at, key=lambda item: item[0])
        return [batch_leaf(root, number) for number, (_, root) in enumerate(self.batches[:count], 1)]


class MessageRootMirror:
    """Follows the MessageRoot contract. Safe to share between threads.

    Args:
        chain: How to reach L1.
    """

    def __init__(self, chain: ChainOnL1) -> None:
        self._chain = chain
        self._contract = load("MessageRoot")
        self._address: str | None = chain.link.contracts.get("message_root")
        self._lock = threading.RLock()
        self._starts_over = False
        self._forget()

    def _forget(self) -> None:
        self._cursor: L1Block | None = None
        self._chains: dict[int, _ChainHistory] = {}
        self._roots: dict[int, KnownRoot] = {}
        self._newest_of: dict[int, int] = {}

    # -- following ---------------------------------------------------------------------------------------------------

    def follow(self, head: L1Block) -> bool:
        """Read L1's events up to a block; start over when L1 has reorganised, and return whether it had.

        A reading that fails is made good by the next one, which then returns that L1 has reorganised.

        Raises:
            L1Diverged: L1 changed while it was read; nothing was taken in.
            L1Error: L1 does not answer.
        """
        with self._lock:
            if self._cursor is not None and (self._cursor.number, self._cursor.hash) == (head.number, head.hash):
                return False
            if self._cursor is not None and not self._is_on_l1(self._cursor):
                self._starts_over = True
                self._forget()
            first = self._chain.link.ecosystem_block if self._cursor is None else self._cursor.number + 1
            logs = self._read(first, head.number)
            if not self._is_on_l1(head):
                raise L1Diverged(f"L1 reorganised at block {head.number} while it was read", hint="it is read again")
            for entry in logs:
                self._apply(entry)
            if self._cursor is None or self._cursor.number < head.number:
                self._cursor = head
            started_over, self._starts_over = self._starts_over, False
            return started_over

    def _is_on_l1(self, block: L1Block) -> bool:
        found = self._chain.block(block.number)
        return found is not None and found.hash == block.hash

    def _read(self, first: int, last: int) -> list[Log]:
        client = self._chain.client
        if self._address is None:
            self._address = str(client.read(load("Bridgehub"), self._chain.link.bridgehub, "messageRoot"))
        topics = [self._contract.event(name).topic for name in _EVENTS]
        found: list[Log] = []
        for start in range(first, last + 1, MAX_LOG_RANGE):
            end = min(last, start + MAX_LOG_RANGE - 1)
            found.extend(client.get_logs(self._address, [topics], start, end))
        return found

    def _apply(self, entry: Log) -> None:
        at = (entry.block_number, entry.log_index)
        for name in _EVENTS:
            event = entry.decode(self._contract, name)
            if event is None:
                continue
            chain_id: int = event["chainId"]
            if name == "AddedChain":
                history = self._chains[chain_id] = _ChainHistory(event["chainIndex"], at)
                history.leaves.append((at, chain_leaf(ZERO_HASH, chain_id)))
            elif name == "AppendedChainBatchRoot":
                self._chains[chain_id].batches.append((at, event["chainBatchRoot"]))
                self._newest_of[chain_id] = at[0]
            elif name == "NewChainRoot":
                self._chains[chain_id].leaves.append((at, event["chainIdLeafHash"]))
            else:
                # The event names the L1 itself; a block's last root is the one that counts.
                self._roots[at[0]] = KnownRoot(at[0], event["sides"][0], at)

    # -- asking ------------------------------------------------------------------------------------------------------

    def chain_ids(self) -> list[int]:
        """The hub's chains, in the order in which they were created."""
        with self._lock:
            return list(self._chains)

    def root_at(self, l1_block: int) -> bytes | None:
        """The shared root that L1 remembers for a block; None when the block saw no new one, or is not read yet."""
        with self._lock:
            found = self._roots.get(l1_block)
            return None if found is None else found.root

    def newest_of_others(self, chain_id: int) -> KnownRoot | None:
        """The newest root, if a batch of another chain than this one was ever executed; else None.

        It is the root of the last block that another chain had a part in: what this chain adds itself is no news to it.
        """
        with self._lock:
            blocks = [block for other, block in self._newest_of.items() if other != chain_id]
            return self._roots[max(blocks)] if blocks else None

    def proof(self, chain_id: int, batch_number: int, l1_block: int | None = None) -> BatchProof | None:
        """Prove that an executed batch is under the shared root of an L1 block.

        Args:
            chain_id: The chain.
            batch_number: Its batch, from 1.
            l1_block: The block; None for the one in which the batch was executed.

        Returns:
            None when L1 has no such root, or the batch is not under it.

        Raises:
            L1Diverged: The events do not lead to the root that L1 announced.
        """
        with self._lock:
            history = self._chains.get(chain_id)
            if history is None or not 0 < batch_number <= len(history.batches):
                return None
            executed_at = history.batches[batch_number - 1][0]
            root = self._roots.get(executed_at[0] if l1_block is None else l1_block)
            if root is None or root.position < executed_at:
                return None
            return self._prove(history, chain_id, batch_number, root)

    def _prove(self, history: _ChainHistory, chain_id: int, batch_number: int, root: KnownRoot) -> BatchProof:
        batch_path, chain_root = path_to_root(history.batch_leaves_at(root.position), batch_number - 1)
        present = [item for item in self._chains.values() if item.added <= root.position]
        leaves = [item.leaf_at(root.position) for item in sorted(present, key=lambda item: item.index)]
        chain_path, shared_root = path_to_root(leaves, history.index)
        if leaves[history.index] != chain_leaf(chain_root, chain_id) or shared_root != root.root:
            raise L1Diverged(f"L1's events do not lead to the message root of its block {root.block_number}")
        words = (
            _word(batch_number - 1),
            *batch_path,
            _word(root.block_number << 128 | history.index),
            _word(self._chain.link.l1_chain_id),
            metadata(len(chain_path), 0, is_final=True),
            *chain_path,
        )
        return BatchProof(words, len(batch_path), root)


def metadata(leaf_path_length: int, batch_path_length: int, *, is_final: bool) -> bytes:
    """The first word of a proof: version, two lengths, and whether it ends at a root that the target knows."""
    return bytes([PROOF_VERSION, leaf_path_length, batch_path_length, int(is_final)]) + bytes(28)


def batch_leaf(chain_batch_root: bytes, batch_number: int) -> bytes:
    """A batch in its chain's tree."""
    return keccak(_BATCH_LEAF + chain_batch_root + _word(batch_number))


def chain_leaf(chain_root: bytes, chain_id: int) -> bytes:
    """A chain in the shared tree."""
    return keccak(_CHAIN_ID_LEAF + chain_root + _word(chain_id))


def path_to_root(leaves: Sequence[bytes], index: int) -> tuple[list[bytes], bytes]:
    """The siblings from a leaf upwards, and the root, of the smallest tree that holds the leaves (at least one)."""
    level, empty, siblings = list(leaves), _EMPTY_LEAF, []
    while len(level) > 1:
        if len(level) % 2:
            level.append(empty)
        siblings.append(level[index ^ 1])
        level = [keccak(level[at] + level[at + 1]) for at in range(0, len(level), 2)]
        empty, index = keccak(empty + empty), index >> 1
    return siblings, level[0]


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
