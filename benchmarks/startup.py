"""Seconds from the command to a ready hub, against the bare floor of the same machine.

Ours: ``zkhub up`` with the embedded L1 and two chains, contracts deployed, every endpoint answering, accounts funded.
Floor: ``ray.init``, as many empty actors as the hub has, and Serve with one replica that answers HTTP.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Figure, in_turn, median
from benchmarks.tools import ROOT, free_port

RUNS = 5
#: L1, two chains, the prover pool, one worker, the message router, the controller.
ACTORS = 7

_FLOOR = """
import os, sys, tempfile
os.environ.update(RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0", RAY_worker_niceness="0", RAY_USAGE_STATS_ENABLED="0")
import ray
actors, port = int(sys.argv[1]), int(sys.argv[2])
ray.init(address="local", include_dashboard=False, log_to_driver=False, logging_level="ERROR",
         object_store_memory=200_000_000)
from ray import serve

@ray.remote(num_cpus=0)
class Empty:
    def ready(self):
        return True

handles = [Empty.remote() for _ in range(actors)]

@serve.deployment
class Replica:
    async def __call__(self, request):
        return "ok"

serve.start(proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": port},
            logging_config={"enable_access_log": False})
serve.run(Replica.bind())
ray.get([handle.ready.remote() for handle in handles])
import urllib.request
assert urllib.request.urlopen(f"http://127.0.0.1:{port}/").read() == b"ok"
print("ready", flush=True)
sys.stdin.read()
serve.shutdown()
ray.shutdown()
"""


def floor_s() -> float:
    """Seconds of the bare floor, from process start to ready."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", _FLOOR, str(ACTORS), str(free_port())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "ready":
            break
    else:
        raise RuntimeError("the floor did not start")
    seconds = time.perf_counter() - began
    process.communicate("")
    return seconds


def hub_s() -> float:
    """Seconds of ``zkhub up``, from process start to ready."""
    directory = Path(tempfile.mkdtemp(prefix="zkhub-bench-"))
    zkhub = [str(Path(sys.executable).with_name("zkhub")), "--data-dir", str(directory / "hub")]
    # Without proofs: the key of the batch program is made once a user, and proving would take the machine.
    environment = os.environ | {"ZKHUB_PROOFS": "none", "ZKHUB_L1__PORT": "0", "ZKHUB_API__PORT": "0", "NO_COLOR": "1"}
    began = time.perf_counter()
    try:
        subprocess.run([*zkhub, "up"], check=True, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, timeout=300)
        return time.perf_counter() - began
    finally:
        subprocess.run([*zkhub, "down"], check=False, env=environment, stdout=subprocess.DEVNULL, timeout=120)
        shutil.rmtree(directory, ignore_errors=True)


def figures() -> list[Figure]:
    ours, peer = in_turn(hub_s, floor_s, RUNS)
    return [
        Figure(
            name="start: L1 and two chains ready",
            unit="s",
            better="lower",
            ours=median(ours),
            peer=median(peer),
            peer_name=f"ray.init + {ACTORS} empty actors + Serve with one replica",
            samples={"ours": ours, "peer": peer},
            notes="whole processes, from the command to ready",
        )
    ]
