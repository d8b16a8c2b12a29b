"""Ray's settings in the environment, where it reads them once, at ``import ray``."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from cluster.errors import RayAlreadyImported

#: For every cluster we start or join.
_ALWAYS = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    # The environment of `uv run` is not to be rebuilt on every worker.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
#: For a cluster we start. Workers at nice 15, Ray's default, starve behind anything else on a small machine; the
#: prover workers lower their priority themselves.
_OWN_CLUSTER = {"RAY_worker_niceness": "0"}
#: Makes Linux behave as Ray does on desktops: every port of Ray binds 127.0.0.1.
_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


def own_cluster_environment(token_path: Path, *, loopback: bool) -> dict[str, str]:
    """What Ray must read to start a cluster of ours."""
    return _ALWAYS | _OWN_CLUSTER | (_LOOPBACK if loopback else {}) | {"RAY_AUTH_TOKEN_PATH": str(token_path)}


def join_environment(token: str, *, loopback: bool) -> dict[str, str]:
    """What Ray must read to join a cluster with ``token``."""
    return _ALWAYS | (_LOOPBACK if loopback else {}) | {"RAY_AUTH_TOKEN": token}


def apply_environment(wanted: Mapping[str, str]) -> None:
    """Put Ray's settings into this process's environment.

    Raises:
        RayAlreadyImported: Ray has been imported with other settings; they would have no effect.
    """
    different = [name for name, value in wanted.items() if os.environ.get(name) != value]
    if different and "ray" in sys.modules:
        raise RayAlreadyImported(
            f"ray was imported before {', '.join(sorted(different))} had been set",
            hint="Start or join the cluster before anything imports ray.",
        )
    os.environ.update(wanted)
