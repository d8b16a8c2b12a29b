"""Chains, L1, pool and workers as actors: batches reach L1, whichever process is killed on the way."""

import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from chain_template.config import BlockSettings, ChainConfig, GenesisSettings
from cluster import NodeHandle, PoolHandle, RayCluster, scale_workers, start_chain, start_l1, start_pool
from cluster.errors import ActorError
from cluster.pool import JobState
from contracts.client import L1Client
from contracts.errors import L1Error
from contracts.sender import address_of
from tests.cluster.backends import PartsBackend
from tests.cluster.conftest import POOL_SETTINGS
from tests.cluster.support import kill_hard, wait_for
from tests.cluster.test_nodes import receipt, rpc
from tests.e2e.settlement.lab import CHAIN_ID, ETHER, GWEI, L1_CHAIN_IDS, RICH_KEY, USER, Lab
from tests.e2e.settlement.test_proof_parts import SOURCE as COUNTING_VERIFIER
from tests.e2e.settlement.test_proof_parts import deploy_counting_verifier
from tests.solidity import compiled, needs_solc

pytestmark = pytest.mark.cluster


@dataclass
class World:
    """An L1, one chain, the pool and a worker, each in a process of its own."""

    l1: NodeHandle
    chain: NodeHandle
    pool: PoolHandle
    url: str
    verifier: str
    sent: list[str] = field(default_factory=list)

    def settled(self) -> bool:
        try:
            return self.chain.settled()
        except ActorError:
            return False


@pytest.fixture
def world(hub: RayCluster, tmp_path: Path) -> Iterator[World]:
    yield from make_world(tmp_path)


@pytest.fixture
def proving_world(hub: RayCluster, tmp_path: Path) -> Iterator[World]:
    """The same with proofs in parts, which are made up, as the verifier only counts them."""
    backend, deploy = "tests.cluster.backends:PartsBackend", deploy_counting_verifier
    yield from make_world(tmp_path, backend, deploy_verifier=deploy, proofs="stark")


def make_world(directory: Path, backend: str = "unproven", **settings: Any) -> Iterator[World]:
    l1 = start_l1(l1_config(directory / "l1"))
    pool = start_pool(directory / "pool", POOL_SETTINGS)
    scale_workers(1, backend, POOL_SETTINGS)
    lab = Lab("embedded", l1.ready().rpc_url, None, directory, **settings)
    try:
        chain = start_chain(lab.config)
        world = World(l1, chain, pool, chain.ready().rpc_url, lab.ecosystem.verifier)
        lab.deposit()
        wait_for(lambda: int(rpc(world.url, "eth_getBalance", USER.address, "latest"), 16) >= 10 * ETHER)
        yield world
    finally:
        lab.close()


def l1_config(directory: Path) -> ChainConfig:
    return ChainConfig(
        name="l1",
        chain_id=L1_CHAIN_IDS["embedded"],
        data_dir=directory,
        genesis=GenesisSettings(timestamp=int(time.time()), premine={address_of(RICH_KEY): 10_000 * ETHER}),
        fee_recipient="0x" + "fe" * 20,
        block=BlockSettings(interval_ms=20),
    )


def transfer(nonce: int) -> tuple[str, str]:
    """A signed transaction of the user's, and its hash."""
    transaction = {
        "type": 2,
        "chainId": CHAIN_ID,
        "nonce": nonce,
        "to": "0x" + "33" * 20,
        "gas": 21_000,
        "value": 1,
        "maxFeePerGas": 10 * GWEI,
        "maxPriorityFeePerGas": 0,
    }
    signed = Account.sign_transaction(transaction, USER.key)
    return signed.raw_transaction.to_0x_hex(), signed.hash.to_0x_hex()


def send_until(world: World, stop: threading.Event, failures: list[str]) -> None:
    """One transaction after another; while the chain is down, the same one again."""
    nonce = 0
    while not stop.is_set():
        raw, hash_ = transfer(nonce)
        try:
            rpc(world.url, "eth_sendRawTransaction", raw)
        except OSError:
            time.sleep(0.05)
        except AssertionError as error:
            # Sent before a kill, and included although the answer was lost.
            if "nonce too low" not in str(error) and "already known" not in str(error):
                failures.append(str(error))
                return
        if is_confirmed(world.url, hash_, stop):
            world.sent.append(hash_)
            nonce += 1


def is_confirmed(url: str, hash_: str, stop: threading.Event) -> bool:
    """Whether the transaction is confirmed within three seconds; the chain may be away all that time."""
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline and not stop.is_set():
        try:
            if receipt(url, hash_) is not None:
                return True
        except OSError:
            time.sleep(0.05)
        time.sleep(0.02)
    return False


def test_a_chain_settles_through_the_pool(world: World) -> None:
    wait_for(world.settled)
    status = world.chain.status()
    assert status.batches["executed"] >= 1
    assert status.errors == {}
    wait_for(lambda: world.pool.stats().by_state[JobState.SETTLED] == status.batches["executed"])
    batches = world.chain.batches(1, 100)
    assert [batch.number for batch in batches] == list(range(1, len(batches) + 1))


def test_a_draining_chain_includes_what_it_has_and_takes_no_more(world: World) -> None:
    sent = [transfer(nonce) for nonce in range(20)]
    for raw, _ in sent:
        rpc(world.url, "eth_sendRawTransaction", raw)
    world.chain.drain()
    with pytest.raises(AssertionError, match="drained"):
        rpc(world.url, "eth_sendRawTransaction", transfer(20)[0])
    wait_for(world.settled)
    assert all(receipt(world.url, hash_) is not None for _, hash_ in sent)
    batches = world.chain.batches(1, 1_000)
    assert {batch.stage.value for batch in batches} == {"executed"}
    world.chain.resume()
    rpc(world.url, "eth_sendRawTransaction", transfer(20)[0])


def test_a_pool_that_lost_its_queue_is_given_the_batches_again(world: World, tmp_path: Path) -> None:
    wait_for(world.settled)
    scale_workers(0)
    rpc(world.url, "eth_sendRawTransaction", transfer(0)[0])
    wait_for(lambda: world.pool.stats().by_state[JobState.READY] >= 1)
    world.pool.stop()
    shutil.rmtree(tmp_path / "pool")
    again = start_pool(tmp_path / "pool", POOL_SETTINGS)
    scale_workers(1, settings=POOL_SETTINGS)
    wait_for(world.settled)
    assert again.jobs()


@pytest.mark.slow
@pytest.mark.parametrize(
    "victim", ["pool", "all of them", *(pytest.param(one, marks=pytest.mark.soak) for one in ("chain", "l1", "worker"))]
)
def test_killing_a_process_under_load_loses_and_doubles_nothing(world: World, victim: str) -> None:
    stop, failures = threading.Event(), []
    traffic = threading.Thread(target=send_until, args=(world, stop, failures))
    traffic.start()
    try:
        wait_for(lambda: len(world.sent) >= 10)
        wait_for(lambda: world.chain.status().batches["executed"] >= 1)
        for pid in pids(world, victim):
            kill_hard(pid)
        before = len(world.sent)
        wait_for(lambda: len(world.sent) >= before + 10)
    finally:
        stop.set()
        traffic.join()
    assert failures == []
    wait_for(world.settled, timeout_s=120)
    assert len(set(world.sent)) == len(world.sent)
    blocks = [receipt(world.url, hash_) for hash_ in world.sent]
    assert all(found is not None and found["status"] == "0x1" for found in blocks)
    transfers = int(rpc(world.url, "eth_getBalance", "0x" + "33" * 20, "latest"), 16)
    nonce = int(rpc(world.url, "eth_getTransactionCount", USER.address, "latest"), 16)
    assert transfers == nonce >= len(world.sent), "each transfer of 1 wei was executed once"
    last = world.chain.batches(1, 10_000)[-1]
    assert last.stage.value == "executed"


@needs_solc[0]
@needs_solc[1]
@pytest.mark.slow
@pytest.mark.parametrize(
    "victims",
    [
        ("chain", "l1", "worker"),
        pytest.param(("l1", "worker", "chain"), marks=pytest.mark.soak),
        pytest.param(("worker", "chain", "l1"), marks=pytest.mark.soak),
        pytest.param(("all of them",) * 3, marks=pytest.mark.soak),
    ],
    ids=" then ".join,
)
def test_killing_a_process_between_two_parts_pays_for_none_twice(
    proving_world: World, victims: tuple[str, ...]
) -> None:
    """kill -9 after the second part, the sixth and the tenth; the worker while it proves the next batch."""
    world = proving_world
    for count, victim in zip((2, 6, 10), victims, strict=True):
        wait_for(lambda count=count: len(parts(world)) >= count)
        rpc(world.url, "eth_sendRawTransaction", transfer(len(world.sent))[0])
        world.sent.append(transfer(len(world.sent))[1])
        if victim == "worker":
            wait_for(lambda: world.pool.stats().by_state[JobState.RUNNING] or world.settled())
        for pid in pids(world, victim):
            kill_hard(pid)
        wait_for(lambda: answers(world))
    wait_for(world.settled, timeout_s=120)
    handed_in = parts(world)
    assert len(set(handed_in)) == len(handed_in), "no part is there twice"
    batches = world.chain.batches(1, 100)
    for batch in batches:
        assert [number for claim, number in handed_in if claim == batch.public_input] == list(range(PartsBackend.PARTS))
        assert batch.proof_mode == "stark-fast"
    assert {batch.stage.value for batch in batches} == {"executed"}


def answers(world: World) -> bool:
    try:
        world.chain.status()
        return bool(rpc(world.l1.ready().rpc_url, "eth_blockNumber") and rpc(world.url, "eth_blockNumber"))
    except (ActorError, OSError):
        return False


def parts(world: World) -> list[tuple[bytes, int]]:
    """Public input and number of every part that L1 has accepted, in order."""
    topic = compiled(COUNTING_VERIFIER, "CountingVerifier").event("PartVerified").topic
    try:
        with L1Client(world.l1.ready().rpc_url) as client:
            logs = client.get_logs(world.verifier, [topic], 0)
    except (ActorError, L1Error):
        return []
    return [(log.topics[3], int.from_bytes(log.data, "big")) for log in logs]


def pids(world: World, victim: str) -> list[int]:
    found = {
        "chain": world.chain.ready().pid,
        "l1": world.l1.ready().pid,
        "pool": pool_pid(),
        "worker": world.pool.workers()[0].pid,
    }
    return list(found.values()) if victim == "all of them" else [found[victim]]


def pool_pid() -> int:
    from cluster import ClusterView

    (pool,) = [actor for actor in ClusterView.collect().actors if actor.name == "prover-pool"]
    assert pool.pid is not None
    return pool.pid
