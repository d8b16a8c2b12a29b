"""A chain with its real endpoint, for the tests of the endpoint."""

import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from chain_template.batcher.batcher import Batcher
from chain_template.config import BlockSettings, ChainConfig, GenesisSettings, L1Link, OperatorKeys, RpcSettings
from chain_template.errors import ChainError, NoMessageRoot
from chain_template.events import EventBus, RolledBack
from chain_template.executor import make_executor
from chain_template.executor.interface import BlockContext
from chain_template.genesis import build_genesis
from chain_template.loops import Loop
from chain_template.mempool import Mempool
from chain_template.primitives import ZERO_HASH, keccak
from chain_template.rpc import RpcServer
from chain_template.rules import rules_of
from chain_template.sequencer import L1Head, Sequencer
from chain_template.settlement.message_root import BatchProof, KnownRoot
from chain_template.state import StateReader
from chain_template.store import Snapshot, Store
from chain_template.store.records import L1Cursor, PriorityOperation
from chain_template.transactions import Transaction, decode_transaction, decode_transactions
from contracts.genesis import eth_asset_id
from tests.support import CHAIN_ID, ETHER, KEYS, address_of, sign
from tests.unit.chain_template.test_transactions import canonical

GENESIS_TIME = 1_700_000_000
_KEY = "0x" + "11" * 32


class RpcFailure(Exception):
    """The endpoint answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: Any = error.get("data")


class Client:
    """A plain JSON-RPC client, so that the tests see exactly what is on the wire."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=60)
        self._ids = itertools.count(1)

    def request(self, method: str, *params: Any) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": list(params)}

    def call(self, method: str, *params: Any) -> Any:
        sent = self.request(method, *params)
        answer = self.post(sent)
        assert answer["jsonrpc"] == "2.0" and answer["id"] == sent["id"], answer
        assert ("result" in answer) != ("error" in answer), answer
        if "error" in answer:
            raise RpcFailure(answer["error"])
        return answer["result"]

    def post(self, body: Any) -> Any:
        response = self.http.post("/", json=body)
        assert response.status_code == 200, response
        return response.json()

    def receipt(self, tx_hash: str) -> dict[str, Any]:
        """Wait for a receipt."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            found = self.call("eth_getTransactionReceipt", tx_hash)
            if found is not None:
                return dict(found)
            time.sleep(0.005)
        raise AssertionError(f"no receipt of {tx_hash}")


class Settled:
    """Stands where a node's settlement stands: what it has seen of L1."""

    protocol_version: int | None = None

    def l1_head(self) -> L1Head:
        return L1Head(7, GENESIS_TIME, 3_000_000_000)

    def message_root_proof(self, batch_number: int, l1_block: int | None) -> BatchProof | None:
        """Of a batch that L1 executed in block 7: a path of two words, so that the shape shows."""
        if l1_block not in (None, 7):
            return None
        return BatchProof((b"\x01" * 32, b"\x02" * 32), 1, KnownRoot(7, b"\x07" * 32, (7, 0)))


class ServedChain:
    """A chain's real parts behind its real endpoint; without the threads that talk to an L1."""

    def __init__(self, config: ChainConfig) -> None:
        self.config = config
        self.store = Store.open(config.data_dir, config.chain_id, build_genesis(config))
        self.executor = make_executor(config.executor, rules_of(config))
        self.mempool = Mempool(config.mempool, config.chain_id, config.block.gas_limit)
        self.events = EventBus()
        self.settlement = None if config.l1 is None else Settled()
        self.sequencer = Sequencer(config, self.store, self.executor, self.mempool, self.events)
        self.server = RpcServer(self)
        self.loop = Loop("sequencer", self.sequencer.step, idle_s=0.005)

    def start(self, *, blocks: bool = True) -> Client:
        from chain_template.events import PendingTransaction

        self.mempool.subscribe(lambda tx: self.events.publish(PendingTransaction(tx)))
        host, port = self.server.start()
        if blocks:
            self.loop.start()
        self.client = Client(f"http://{host}:{port}")
        return self.client

    def stop(self) -> None:
        self.client.http.close()
        self.server.stop()
        self.loop.stop()
        self.store.close()

    def submit(self, raw: bytes, sender: bytes | None = None) -> bytes:
        takes_eip712 = self.config.l1 is not None
        return self._take(decode_transaction(raw, self.config.chain_id, sender=sender, takes_eip712=takes_eip712))

    def submit_many(self, raws: Sequence[bytes]) -> list[bytes | ChainError]:
        taken: list[bytes | ChainError] = []
        for tx in decode_transactions(raws, self.config.chain_id, takes_eip712=self.config.l1 is not None):
            try:
                taken.append(tx if isinstance(tx, ChainError) else self._take(tx))
            except ChainError as exc:
                taken.append(exc)
        return taken

    def _take(self, tx: Transaction) -> bytes:
        with self.store.snapshot() as snapshot:
            reader = StateReader(self.store.nodes, snapshot.head.state_root)
            context = self.sequencer.next_context(snapshot)
        self.mempool.add(
            tx,
            account_nonce=reader.nonce(tx.sender),
            balance=reader.balance(tx.sender),
            base_fee=context.base_fee_per_gas,
            now_s=time.time(),
            sender_has_code=bool(reader.code(tx.sender)),
        )
        return tx.hash

    def request_interop_root(self, l1_block: int) -> tuple[bytes, int | None]:
        if l1_block != 7:
            raise NoMessageRoot(l1_block)
        return b"\x07" * 32, None

    def pending_context(self, snapshot: Snapshot) -> BlockContext:
        return self.sequencer.next_context(snapshot)

    def rollback(self, block_number: int) -> None:
        with self.sequencer.lock:
            dropped = self.store.rollback_to(block_number)
            self.mempool.reinject(dropped, now_s=time.time())
        self.events.publish(RolledBack(block_number))

    def deposit(
        self, operation_id: int, receiver: bytes, wei: int, *, data: bytes = b"", to: bytes | None = None
    ) -> str:
        """An operation from L1 that pays ``receiver``; returns its hash."""
        target = int.from_bytes(receiver if to is None else to, "big")
        fields = {"nonce": operation_id, "from": int.from_bytes(receiver, "big"), "to": target, "value": wei}
        encoded = canonical(**fields, data=data, reserved=(wei + ETHER, int.from_bytes(receiver, "big"), 0, 0))
        operation = PriorityOperation(operation_id, keccak(encoded), encoded, 1, ZERO_HASH, ZERO_HASH)
        self.store.add_priority_operations([operation], L1Cursor(1 + operation_id, ZERO_HASH))
        return "0x" + keccak(encoded).hex()

    def batcher(self) -> Batcher:
        return Batcher(self.config, self.store)


def l1_config(directory: Path, **rpc: Any) -> ChainConfig:
    """A chain without a settlement layer."""
    return ChainConfig(
        name="l1",
        chain_id=CHAIN_ID,
        data_dir=directory,
        genesis=GenesisSettings(timestamp=GENESIS_TIME, premine={key.address: 100 * ETHER for key in KEYS}),
        fee_recipient="0x" + "fe" * 20,
        block=BlockSettings(interval_ms=10),
        rpc=RpcSettings(**rpc),
    )


def l2_config(directory: Path, **rpc: Any) -> ChainConfig:
    """A chain that settles."""
    return ChainConfig(
        name="alpha",
        chain_id=CHAIN_ID,
        data_dir=directory,
        genesis=GenesisSettings(timestamp=GENESIS_TIME),
        fee_recipient="0x" + "fe" * 20,
        block=BlockSettings(interval_ms=10),
        operator_keys=OperatorKeys(committer=_KEY, prover=_KEY, executor=_KEY, reverter=_KEY),
        rpc=RpcSettings(**rpc),
        l1=L1Link(
            url="http://127.0.0.1:1",
            l1_chain_id=31337,
            bridgehub="0x" + "0B" * 20,
            zk_chain="0x" + "02" * 20,
            validator_timelock="0x" + "03" * 20,
            base_token_asset_id="0x" + eth_asset_id(31337).hex(),
            contracts={"asset_router": "0x" + "04" * 20, "l1_nullifier": "0x" + "0C" * 20},
        ),
    )


__all__ = ["KEYS", "Client", "RpcFailure", "ServedChain", "address_of", "l1_config", "l2_config", "sign"]
