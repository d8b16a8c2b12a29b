"""Which message roots of L1 the chain imports next: those somebody asked for, and the newest one.

A request stays in the store until the block that fulfilled it is final, so that neither a restart nor a rollback loses
it. What is imported already is read from the chain's own events.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from chain_template.batcher.interop import INTEROP_ROOT_ADDED_TOPIC, imported_roots, interop_events
from chain_template.errors import L1Diverged, RollbackNeeded
from chain_template.executor.interface import ExecutedBlock
from chain_template.lost_events import LostEvents
from chain_template.receipts import Log
from chain_template.store import Snapshot, Store
from chain_template.store.records import BatchStage, LogFilter
from chain_template.transactions import Transaction, system_transaction
from contracts.abi import encode_call
from contracts.artifacts import load
from contracts.genesis import L2_INTEROP_ROOT_STORAGE
from contracts.messages import InteropRoot

log = structlog.get_logger(__name__)

_KEY: Final = "interop/requested-roots"
_ALL: Final = 1 << 40
#: Roots in one block; more wait for the next.
MAX_ROOTS_PER_BLOCK: Final = 10


@dataclass(frozen=True, slots=True)
class ImportedRoot:
    """A root that the chain has.

    Attributes:
        block_number: The chain's own block that imported it; 0 where that was lost, and recovered from L1.
    """

    root: bytes
    block_number: int


class InteropRoots:
    """The queue of one chain. Safe to share between threads.

    Args:
        store: The chain's store.
        chain_id: The chain.
        l1_chain_id: Chain id of the L1, under which the roots are filed.
        lost: Tells what lost events would; left out where no block is lost.
    """

    def __init__(self, store: Store, chain_id: int, l1_chain_id: int, lost: LostEvents | None = None) -> None:
        self._store = store
        self._lost = lost
        self._chain_id = chain_id
        self._l1_chain_id = l1_chain_id
        self._lock = threading.RLock()
        stored = json.loads(store.get_meta(_KEY) or b"{}")
        self._requested = {int(l1_block): bytes.fromhex(root) for l1_block, root in stored.items()}
        self._imported: dict[int, ImportedRoot] = {}
        self.reload()

    # -- asking ------------------------------------------------------------------------------------------------------

    def request(self, l1_block: int, root: bytes) -> bool:
        """Ask for a root; it is imported with the next block. Returns whether it was not here or on its way yet.

        Args:
            l1_block: The L1 block whose message root it is.
            root: 32 bytes; L1 refuses to execute a batch that imports another one.

        Raises:
            L1Diverged: Another root is known for that block.
        """
        with self._lock:
            imported = self._imported.get(l1_block)
            known = imported.root if imported is not None else self._requested.get(l1_block)
            if known is not None and known != root:
                raise L1Diverged(f"the message root of L1 block {l1_block} is 0x{known.hex()} here, not 0x{root.hex()}")
            if known is not None:
                return False
            self._requested[l1_block] = root
            self._save()
            return True

    def imported(self, l1_block: int) -> ImportedRoot | None:
        """What the chain has for an L1 block."""
        with self._lock:
            return self._imported.get(l1_block)

    def imported_after(self, block_number: int) -> dict[int, ImportedRoot]:
        """What blocks above ``block_number`` imported, by L1 block."""
        with self._lock:
            return {at: found for at, found in self._imported.items() if found.block_number > block_number}

    def check(self, root_at: Callable[[int], bytes | None], l1_head: int, final_block: int) -> bool:
        """After a reorganisation of L1: is what was imported still true?

        Args:
            root_at: L1's message root of a block.
            l1_head: The last L1 block that it knows of.
            final_block: The chain's last block that L1 has executed; it and all before it are settled.

        Returns:
            Whether all of it could be compared: L1 may be shorter than it was.

        Raises:
            RollbackNeeded: Names the block before the first that imported something false.
        """
        recent = self.imported_after(final_block)
        false = [
            (found.block_number, at) for at, found in recent.items() if at <= l1_head and root_at(at) != found.root
        ]
        if false:
            block_number, l1_block = min(false)
            what = f"L1 dropped the message root of its block {l1_block}, which block {block_number} imports"
            raise RollbackNeeded(block_number - 1, what)
        return all(at <= l1_head for at in recent)

    # -- what the sequencer needs ------------------------------------------------------------------------------------

    def has_requests(self) -> bool:
        """Whether somebody waits for a root."""
        with self._lock:
            return not self._requested.keys() <= self._imported.keys()

    def due(self, newest: tuple[int, bytes] | None = None) -> list[InteropRoot]:
        """What the next block imports, lowest L1 block first.

        Args:
            newest: A root (L1 block, root) to import besides, unless one as new is here or asked for.
        """
        with self._lock:
            pending = {at: root for at, root in self._requested.items() if at not in self._imported}
            if newest is not None and newest[0] > max((*pending, *self._imported), default=-1):
                pending[newest[0]] = newest[1]
            self._take_in_lost(pending)
            chosen = sorted((at, root) for at, root in pending.items() if at not in self._imported)[
                :MAX_ROOTS_PER_BLOCK
            ]
            return [InteropRoot(self._l1_chain_id, at, (root,)) for at, root in chosen]

    def transaction(self, root: InteropRoot, block_number: int) -> Transaction:
        """The system transaction that imports a root in a block."""
        data = encode_call(load("L2InteropRootStorage"), "addInteropRoot", list(root.as_tuple()))
        return system_transaction(self._chain_id, block_number, L2_INTEROP_ROOT_STORAGE, data)

    def note(self, block: ExecutedBlock) -> None:
        """A block was stored."""
        events = interop_events(block.receipts)
        with self._lock:
            self._take_in(events, block.header.number)

    def discard(self, roots: list[InteropRoot]) -> None:
        """Forget requests that the chain's own contract refuses."""
        with self._lock:
            for root in roots:
                self._requested.pop(root.block_or_batch_number, None)
            self._save()

    def drop_false(self, root_at: Callable[[int], bytes | None], l1_head: int) -> None:
        """After a rollback: forget requests that L1 contradicts, or they would be imported once more.

        Args:
            root_at: L1's message root of a block.
            l1_head: The last L1 block that it knows of.
        """
        with self._lock:
            false = [at for at, root in self._requested.items() if at <= l1_head and root_at(at) != root]
            if false:
                log.warning("dropping message roots that L1 does not have", l1_blocks=false)
                self._requested = {at: root for at, root in self._requested.items() if at not in false}
                self._save()

    def reload(self) -> None:
        """Read what is imported from the store: at the start, and after a rollback."""
        found: dict[int, ImportedRoot] = {}
        with self._lock:
            with self._store.snapshot() as snapshot:
                events = LogFilter(0, snapshot.head_number, (L2_INTEROP_ROOT_STORAGE,), ((INTEROP_ROOT_ADDED_TOPIC,),))
                stored = snapshot.logs(events, _ALL)
                final_block = _last_final_block(snapshot)
            self._imported = found
            for item in stored:
                self._take_in((Log(item.address, item.topics, item.data),), item.block_number)
            done = [at for at in self._requested if at in found and found[at].block_number <= final_block]
            if done:
                self._requested = {at: root for at, root in self._requested.items() if at not in done}
                self._save()

    def _take_in(self, events: tuple[Log, ...], block_number: int) -> None:
        for root in imported_roots(events):
            if root.chain_id == self._l1_chain_id:
                self._imported[root.block_or_batch_number] = ImportedRoot(root.sides[0], block_number)

    def _take_in_lost(self, pending: Mapping[int, bytes]) -> None:
        """Note those that were imported by blocks whose events are lost: they are settled, and come from no block."""
        if self._lost is not None:
            for at in pending:
                root = self._lost.message_root(self._l1_chain_id, at)
                if root is not None:
                    self._imported[at] = ImportedRoot(root, 0)

    def _save(self) -> None:
        shown = {str(at): root.hex() for at, root in self._requested.items()}
        self._store.set_meta(_KEY, json.dumps(shown).encode())


def _last_final_block(snapshot: Snapshot) -> int:
    batch = snapshot.batch(snapshot.last_batch_at(BatchStage.EXECUTED))
    return 0 if batch is None else batch.last_block
