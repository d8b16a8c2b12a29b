"""Other chains of the hub, as this one learns of them: nothing can be sent to a chain that it does not know.

L1 says which chains there are and what their base tokens are; a system transaction tells this chain's own contract
(0x10002), once for each. What it knows is read from its own events, so neither a restart nor a rollback loses it.
"""

import threading
from collections.abc import Mapping
from typing import Final

from chain_template.executor.interface import ExecutedBlock
from chain_template.lost_events import LostEvents
from chain_template.primitives import keccak, to_int
from chain_template.receipts import Log
from chain_template.store import Store
from chain_template.store.records import LogFilter
from chain_template.transactions import Transaction, system_transaction
from contracts.abi import encode_call
from contracts.artifacts import load
from contracts.genesis import L2_BRIDGEHUB

#: ChainRegistered(uint256 indexed chainId, bytes32 indexed baseTokenAssetId)
CHAIN_REGISTERED_TOPIC: Final = keccak(b"ChainRegistered(uint256,bytes32)")
#: Chains in one block; more wait for the next.
MAX_CHAINS_PER_BLOCK: Final = 10
_ALL: Final = 1 << 40


class InteropChains:
    """What one chain knows of the others. Safe to share between threads.

    Args:
        store: The chain's store.
        chain_id: The chain.
        lost: Tells what lost events would; left out where no block is lost.
    """

    def __init__(self, store: Store, chain_id: int, lost: LostEvents | None = None) -> None:
        self._store = store
        self._lost = lost
        self._chain_id = chain_id
        self._lock = threading.Lock()
        self._on_l1: dict[int, bytes] = {}
        self._refused: set[int] = set()
        self._registered: set[int] = set()
        self.reload()

    def learn(self, chains: Mapping[int, bytes]) -> None:
        """Take in what L1 says: base token's asset id by chain id."""
        with self._lock:
            self._on_l1.update({chain: asset for chain, asset in chains.items() if chain != self._chain_id})
            self._ask_for_lost()

    def is_known(self, chain_id: int) -> bool:
        """Whether L1 was asked about a chain already."""
        with self._lock:
            return chain_id == self._chain_id or chain_id in self._on_l1

    def due(self) -> list[tuple[int, bytes]]:
        """What the next block registers: chain id and asset id, lowest id first."""
        with self._lock:
            new = self._on_l1.keys() - self._registered - self._refused
            return [(chain, self._on_l1[chain]) for chain in sorted(new)[:MAX_CHAINS_PER_BLOCK]]

    def transaction(self, chain: tuple[int, bytes], block_number: int) -> Transaction:
        """The system transaction that registers a chain in a block."""
        data = encode_call(load("L2Bridgehub"), "registerChainForInterop", list(chain))
        return system_transaction(self._chain_id, block_number, L2_BRIDGEHUB, data)

    def discard(self, chains: list[tuple[int, bytes]]) -> None:
        """Leave out chains that the chain's own contract refuses, until the next start."""
        with self._lock:
            self._refused.update(chain for chain, _ in chains)

    def note(self, block: ExecutedBlock) -> None:
        """A block was stored."""
        with self._lock:
            for receipt in block.receipts:
                for entry in receipt.logs:
                    self._take_in(entry)

    def reload(self) -> None:
        """Read what is registered from the store: at the start, and after a rollback."""
        with self._store.snapshot() as snapshot:
            wanted = LogFilter(0, snapshot.head_number, (L2_BRIDGEHUB,), ((CHAIN_REGISTERED_TOPIC,),))
            stored = snapshot.logs(wanted, _ALL)
        with self._lock:
            self._registered = set()
            for item in stored:
                self._take_in(Log(item.address, item.topics, item.data))
            self._ask_for_lost()

    def _ask_for_lost(self) -> None:
        """Find those that were registered in blocks whose events are lost."""
        if self._lost is not None:
            unknown = self._on_l1.keys() - self._registered
            self._registered.update(chain for chain in unknown if self._lost.base_token_of(chain) is not None)

    def _take_in(self, entry: Log) -> None:
        if entry.address == L2_BRIDGEHUB and entry.topics and entry.topics[0] == CHAIN_REGISTERED_TOPIC:
            self._registered.add(to_int(entry.topics[1]))
