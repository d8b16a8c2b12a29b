"""An L1 and chains that exist in memory only, and a bridge to them that can be made to fail."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from cluster.router import Endpoints, Found, Look, MessageInfo, MessageKind, MessageRouter, Order
from cluster.router.seams import Record
from cluster.settings import RouterSettings
from shared_bridge.errors import BridgeError, BridgeRefused, RpcLost, UnknownMessage
from shared_bridge.stages import MessageStage, Refund

KEY = b"\x11" * 32
ALICE, BOB = "0x" + "aa" * 20, "0x" + "bb" * 20
URLS = {"alpha": "http://127.0.0.1:1", "beta": "http://127.0.0.1:2"}


def order(
    kind: MessageKind = MessageKind.WITHDRAWAL, source: str = "alpha", destination: str = "l1", amount: int = 5
) -> Order:
    return Order(kind, source, destination, "eth", amount, ALICE, BOB)


def transfer() -> Order:
    return order(MessageKind.TRANSFER, "alpha", "beta")


class Killed(BaseException):
    """The process died here."""


@dataclass
class World:
    """What is on the chains: the only truth there is."""

    sent: dict[bytes, Found] = field(default_factory=dict)
    stages: dict[bytes, MessageStage] = field(default_factory=dict)
    blocks: dict[str, list[bytes]] = field(default_factory=dict)
    pooled: dict[bytes, Order] = field(default_factory=dict)
    refunds: dict[bytes, Refund] = field(default_factory=dict)
    claims: list[bytes] = field(default_factory=list)
    hashes: count = field(default_factory=count)  # type: ignore[type-arg]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def include(self, transaction_hash: bytes) -> Found:
        wanted = self.pooled.pop(transaction_hash)
        found = Found(wanted, transaction_hash, 0, f"handle of {transaction_hash.hex()}")
        self.sent[transaction_hash] = found
        self.stages[transaction_hash] = MessageStage.INCLUDED
        self.blocks.setdefault(wanted.source, []).append(transaction_hash)
        return found

    def somebody_sends(self, wanted: Order) -> bytes:
        transaction_hash = next(self.hashes).to_bytes(32, "big")
        self.pooled[transaction_hash] = wanted
        self.include(transaction_hash)
        return transaction_hash

    def move(self, stage: MessageStage) -> None:
        for transaction_hash, old in self.stages.items():
            if not old.is_final:
                self.stages[transaction_hash] = stage


class FakeBridge:
    """A bridge to a :class:`World`; ``failures`` are raised by the next calls of the method they are listed under."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.failures: dict[str, list[BaseException]] = {}
        self.calls: list[str] = []

    def submit(self, wanted: Order, private_key: bytes, record: Record) -> Found:
        assert private_key == KEY
        self._call("before signing")
        with self.world.lock:
            transaction_hash = next(self.world.hashes).to_bytes(32, "big")
        record(transaction_hash, b"raw" + transaction_hash)
        self._call("before sending")
        self.world.pooled[transaction_hash] = wanted
        self._call("before block")
        return self.world.include(transaction_hash)

    def resend(self, source: str, raw: bytes) -> None:
        self._call("resend")
        transaction_hash = raw.removeprefix(b"raw")
        if transaction_hash not in self.world.sent:
            self.world.pooled.setdefault(transaction_hash, order())
            self.world.include(transaction_hash)

    def find(self, source: str, transaction_hash: bytes) -> Sequence[Found]:
        self._call("find")
        if transaction_hash not in self.world.sent:
            raise UnknownMessage("not there")
        return [self.world.sent[transaction_hash]]

    def look(self, message: MessageInfo) -> Look:
        self._call("look")
        assert message.transaction_hash is not None
        assert message.handle == f"handle of {message.transaction_hash.hex()}"
        refund = self.world.refunds.get(message.transaction_hash, Refund.NONE)
        return Look(self.world.stages[message.transaction_hash], "as the chain says", refund)

    def claim(self, message: MessageInfo) -> bytes | None:
        self._call("claim")
        assert message.transaction_hash is not None
        if self.world.refunds.get(message.transaction_hash) is Refund.CLAIMABLE:
            self.world.refunds[message.transaction_hash] = Refund.CLAIMED
        else:
            assert self.world.stages[message.transaction_hash] is MessageStage.CLAIMABLE
            self.world.stages[message.transaction_hash] = MessageStage.CLAIMED
        self.world.claims.append(message.transaction_hash)
        self._call("after claim")
        return b"\xcc" * 32

    def head(self, chain: str) -> int:
        self._call("head")
        return len(self.world.blocks.get(chain, [])) - 1

    def sent(self, chain: str, first: int, last: int) -> Sequence[Found]:
        self._call(f"sent {chain}")
        return [self.world.sent[each] for each in self.world.blocks.get(chain, [])[first : last + 1]]

    def _call(self, name: str) -> None:
        self.calls.append(name)
        waiting = self.failures.get(name)
        if waiting:
            raise waiting.pop(0)


@dataclass
class RouterWorld:
    """A router on fakes, with a clock that only moves when it is told to."""

    directory: Path
    settings: RouterSettings
    world: World = field(default_factory=World)
    now: float = 1_000.0

    def __post_init__(self) -> None:
        self.bridge = FakeBridge(self.world)
        self.endpoints: list[Endpoints] = []
        self.router = self._open()
        self.router.connect("http://127.0.0.1:3", URLS)

    def _open(self) -> MessageRouter:
        def bridge_for(endpoints: Endpoints) -> FakeBridge:
            self.endpoints.append(endpoints)
            return self.bridge

        return MessageRouter(self.directory, self.settings, bridge_for, clock=lambda: self.now)

    def restart(self) -> None:
        """The process is killed and started again: nothing is told to the new one."""
        self.router._store.close()
        self.router = self._open()

    def run(self, steps: int = 10, seconds: float = 5.0) -> None:
        for _ in range(steps):
            self.router.step()
            self.now += seconds

    def submit(self, wanted: Order, request: str = "r1", *, relay: bool = True) -> MessageInfo:
        return self.router.submit(wanted, KEY, request, relay=relay)


def lost(where: str = "alpha") -> RpcLost:
    return RpcLost(where, "http://127.0.0.1:1", "connection refused")


def reverted() -> BridgeError:
    return BridgeRefused("executeBundle", "CallFailed()", error_name="CallFailed")
