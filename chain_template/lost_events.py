"""What the events of lost blocks would tell.

A chain that was recovered from L1 has the state after those blocks and none of their events; what the chain's parts
otherwise read from events, its contracts are asked for instead.
"""

from typing import Any

from chain_template.contract_reads import read_contract
from chain_template.executor.interface import Executor
from chain_template.store import Store
from contracts.genesis import L2_BRIDGEHUB, L2_INTEROP_ROOT_STORAGE, L2_NATIVE_TOKEN_VAULT


class LostEvents:
    """Answers of one chain's contracts; nothing is asked, and every answer is empty, while no block is lost.

    Args:
        store: The chain's store.
        executor: Runs the calls.
    """

    def __init__(self, store: Store, executor: Executor) -> None:
        self._store = store
        self._executor = executor

    def base_token_of(self, chain_id: int) -> bytes | None:
        """Asset id of another chain's base token, if the chain was told of it."""
        return self._word("L2Bridgehub", L2_BRIDGEHUB, "baseTokenAssetId", chain_id)

    def message_root(self, l1_chain_id: int, l1_block: int) -> bytes | None:
        """The message root of an L1 block, if the chain imported it."""
        return self._word("L2InteropRootStorage", L2_INTEROP_ROOT_STORAGE, "interopRoots", l1_chain_id, l1_block)

    def token(self, asset_id: bytes) -> bytes | None:
        """Address of the token behind an asset id, 20 bytes, if the chain's vault has one."""
        found = self._ask("L2NativeTokenVault", L2_NATIVE_TOKEN_VAULT, "tokenAddress", asset_id)
        token = b"" if found is None else bytes.fromhex(found[2:])
        return token if any(token) else None

    def _word(self, name: str, address: bytes, function: str, *args: Any) -> bytes | None:
        found: bytes | None = self._ask(name, address, function, *args)
        return found if found is not None and any(found) else None

    def _ask(self, name: str, address: bytes, function: str, *args: Any) -> Any:
        with self._store.snapshot() as snapshot:
            if not snapshot.lost_blocks():
                return None
            header = snapshot.head
        return read_contract(self._executor, header, self._store.nodes, (name, address), function, args)
