"""Ports, logs, metrics and the translation of Ray's errors."""

import json
import pickle
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from ray import exceptions as ray_errors

from chain_template.config import ChainConfig, GenesisSettings, RpcSettings
from chain_template.node import NodeStatus
from cluster.actors.node import lasting_port
from cluster.errors import (
    ActorDied,
    ActorFailed,
    ActorTimeout,
    ActorUnavailable,
    BatchRefused,
    PoolStoreFull,
    ReservedTooMuch,
    TokenRefused,
    UnknownJob,
    UnknownWorker,
)
from cluster.handles import translate
from cluster.names import chain_actor, worker_actor
from cluster.node_metrics import node_metrics
from cluster.pool.files import BlobFiles
from cluster.ports import is_free, pick_port
from cluster.settings import PoolSettings
from zkhub.errors import HubError


def config(directory: Path, port: int = 0) -> ChainConfig:
    return ChainConfig(
        name="l1",
        chain_id=1,
        data_dir=directory,
        genesis=GenesisSettings(timestamp=0),
        fee_recipient="0x" + "00" * 20,
        rpc=RpcSettings(port=port),
    )


def test_a_picked_port_is_free_and_outside_the_range_of_outgoing_connections() -> None:
    port = pick_port("127.0.0.1")
    assert is_free("127.0.0.1", port)
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert port < low or low < 32_000, "the kernel of this machine uses another range"
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free("127.0.0.1", port)
    assert is_free("127.0.0.1", port), "a port is free again as soon as its server is gone"


def test_a_nodes_port_is_picked_once(tmp_path: Path) -> None:
    directory = tmp_path / "l1"
    port = lasting_port(config(directory))
    assert lasting_port(config(directory)) == port
    assert lasting_port(config(directory, 8545)) == 8545
    (directory / "rpc.port").write_text("garbage")
    assert lasting_port(config(directory)) in range(20_000, 32_000)


def test_names_are_what_the_hub_and_its_users_know() -> None:
    assert (chain_actor("alpha"), worker_actor(3)) == ("chain-alpha", "prover-worker-3")


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (ray_errors.GetTimeoutError(), ActorTimeout),
        (TimeoutError(), ActorTimeout),
        (ray_errors.ActorUnavailableError("down", None), ActorUnavailable),
        (ray_errors.ActorDiedError(), ActorDied),
        (ray_errors.RaySystemError("oops"), ActorFailed),
        (UnknownJob("none"), UnknownJob),
        (ray_errors.RayTaskError("f", "trace", UnknownJob("none")), UnknownJob),
        (ray_errors.RayTaskError("f", "trace", ValueError("a bug")), ActorFailed),
    ],
)
def test_every_failure_of_a_call_becomes_an_error_of_ours(raised: Exception, expected: type[HubError]) -> None:
    error = translate(raised, "chain-alpha", "status", 3.0)
    assert type(error) is expected
    if isinstance(error, ActorFailed):
        assert "chain-alpha.status" in error.message


@pytest.mark.parametrize(
    "error",
    [
        ActorUnavailable("down", actor="l1", hint="wait"),
        BatchRefused("wrong", reason="header", hint="look"),
        PoolStoreFull("full", hint="make room"),
    ],
)
def test_errors_cross_process_boundaries_whole(error: HubError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.message, copy.hint) == (type(error), error.message, error.hint)
    assert vars(copy) == vars(error)


def test_metrics_are_plain_numbers_with_units() -> None:
    status = NodeStatus(
        name="alpha",
        chain_id=271,
        head_number=7,
        head_hash=b"",
        head_timestamp=1_700_000_000,
        mempool_size=3,
        paused=True,
        proofs="none",
        data_availability="rollup",
        batches={"sealed": 4, "executed": 2},
        errors={"settlement": "no"},
    )
    figures = node_metrics(status, started_at=0.0, restarts=2)
    assert all(isinstance(value, int | float) for value in figures.values())
    assert (figures["head_block"], figures["last_batch_executed"], figures["failing_loops"]) == (7, 2, 1)
    assert (figures["paused"], figures["restarts"]) == (1, 2)
    assert figures["peak_memory_bytes"] > 10_000_000


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="heartbeats"):
        PoolSettings.model_validate({"heartbeats": 1})
    with pytest.raises(ValueError, match="greater than"):
        PoolSettings(heartbeat_s=0)


def test_files_are_named_by_their_content(tmp_path: Path) -> None:
    files = BlobFiles(tmp_path / "inputs")
    digest = files.put(b"content")
    assert files.put(b"content") == digest
    assert files.get(digest) == b"content"
    files.discard(digest)
    files.discard(digest)
    assert list((tmp_path / "inputs").iterdir()) == []


LOGGING = """
import logging, sys, structlog
from pathlib import Path
from cluster.logs import log_to_file
log_to_file(Path(sys.argv[1]))
structlog.get_logger("ours").info("started", chain="alpha")
logging.getLogger("theirs").warning("careful %s", "now")
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger("ours").exception("failed")
"""


def test_a_process_logs_json_lines_of_its_own_and_of_its_libraries(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "node.jsonl"
    subprocess.run([sys.executable, "-c", LOGGING, str(path)], check=True)
    ours, theirs, failed = [json.loads(line) for line in path.read_text().splitlines()]
    assert (ours["event"], ours["chain"], ours["level"], ours["logger"]) == ("started", "alpha", "info", "ours")
    assert (theirs["event"], theirs["level"]) == ("careful now", "warning")
    assert "ZeroDivisionError" in failed["exception"]


def test_errors_of_many_parts_arrive_whole_from_another_process() -> None:
    """A class that takes what its message is made of must not be given the message."""
    error = pickle.loads(pickle.dumps(ReservedTooMuch(0.5, 0.6, 0.9)))
    assert isinstance(error, ReservedTooMuch)
    assert (error.wanted, error.others, error.most) == (0.5, 0.6, 0.9)
    assert error.message.startswith("50% of the provers") and error.hint.startswith("reserve at most 30%")
    near = pickle.loads(pickle.dumps(UnknownWorker("prover-worker-o", ["prover-worker-0"])))
    assert near.hint == 'Did you mean "prover-worker-0"?'
    assert pickle.loads(pickle.dumps(TokenRefused())).hint == TokenRefused.hint
