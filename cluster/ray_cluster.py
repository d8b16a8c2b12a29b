"""Start a Ray cluster on this machine, or join one by address."""

import contextlib
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cluster.errors import RayStartFailed, RayUnreachable
from cluster.logs import LOG_DIRECTORY_VARIABLE
from cluster.names import NAMESPACE
from cluster.ray_environment import apply_environment, join_environment, own_cluster_environment
from cluster.ray_token import check_token, ensure_token, find_token
from cluster.settings import RaySettings

if TYPE_CHECKING:
    from cluster.ray_private import ExtraNode

#: Ray adds about 70 characters to it, and a Unix socket's path may have 107.
_MAX_TEMP_DIR = 35
_RAY_DIR = "ray"
#: Object store of a node beside the head; proofs come back as actors' answers, which it carries.
_EXTRA_STORE_BYTES = 100_000_000


class RayCluster:
    """This process's membership in a Ray cluster: its own, or one it joined.

    Attributes:
        address: ``HOST:PORT`` of the head, for others to join by.
        own: Whether this process started the cluster, and so ends it.
    """

    def __init__(self, address: str, temp_dir: Path | None, extra: "Sequence[ExtraNode]" = ()) -> None:
        self.address = address
        self._temp_dir = temp_dir
        self._extra = extra

    @property
    def own(self) -> bool:
        """Whether this process started the cluster."""
        return self._temp_dir is not None

    @classmethod
    def start(cls, settings: RaySettings) -> Self:
        """Start a cluster on this machine; it ends with :meth:`stop` or with this process.

        Raises:
            RayAlreadyImported: Ray was imported with other settings.
            RayStartFailed: It did not come up.
        """
        token_path = settings.token_path.absolute()
        ensure_token(token_path)
        # It would win over the token file.
        os.environ.pop("RAY_AUTH_TOKEN", None)
        apply_environment(own_cluster_environment(token_path, loopback=settings.loopback))
        os.environ[LOG_DIRECTORY_VARIABLE] = str(settings.log_dir.absolute())
        temp_dir = _make_temp_dir(settings.data_dir)
        import ray

        try:
            _initialise(settings, temp_dir)
            extra = _add_nodes(settings)
        except Exception as error:
            ray.shutdown()
            shutil.rmtree(temp_dir, ignore_errors=True)
            raise RayStartFailed(f"Ray did not start: {error}") from error
        return cls(ray.get_runtime_context().gcs_address, temp_dir, extra)

    @classmethod
    def join(cls, address: str, token_path: Path | None = None) -> Self:
        """Join the cluster whose head is at ``address`` (``HOST:PORT``).

        Raises:
            RayTokenMissing: No token in ``token_path``, nor where Ray looks when that is None.
            RayTokenRefused: The cluster does not take it.
            RayUnreachable: Nothing that speaks Ray answers there.
            RayAlreadyImported: Ray was imported with other settings.
        """
        token = find_token(token_path)
        check_token(address, token)
        host = address.rpartition(":")[0]
        apply_environment(join_environment(token, loopback=host in {"127.0.0.1", "localhost"}))
        import ray

        try:
            ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError) as error:
            ray.shutdown()
            raise RayUnreachable(
                f"joining the Ray cluster at {address} failed: {error}",
                hint="A process can join only on a machine that is a node of the cluster (ray start --address).",
            ) from error
        return cls(address, None)

    def stop(self) -> None:
        """Leave the cluster; end it, with all its actors, if it is our own."""
        import ray

        for node in self._extra:
            node.stop()
        ray.shutdown()
        if self._temp_dir is not None:
            shutil.rmtree(self._temp_dir, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _initialise(settings: RaySettings, temp_dir: Path) -> None:
    import ray

    from cluster.ray_private import lean_start

    # Other machines need what the lean start leaves out.
    with lean_start() if settings.lean and settings.loopback else contextlib.nullcontext():
        ray.init(
            address="local",
            namespace=NAMESPACE,
            num_cpus=settings.num_cpus,
            num_gpus=settings.gpus_per_node,
            object_store_memory=settings.object_store_bytes,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            # Ray makes its directory writable for everyone; ours round it is not.
            _temp_dir=str(temp_dir / _RAY_DIR),
        )


def _add_nodes(settings: RaySettings) -> "list[ExtraNode]":
    """The nodes beside the head, which offer their GPUs and no processor: everything else runs on the head."""
    from cluster.ray_private import ExtraNode

    added = (ExtraNode(0, settings.gpus_per_node or 0, _EXTRA_STORE_BYTES) for _ in range(settings.nodes - 1))
    return list(added)


def _make_temp_dir(data_dir: Path) -> Path:
    """A short private directory for Ray's sockets and logs; what killed hubs of ``data_dir`` left behind is removed."""
    root = Path(tempfile.gettempdir())
    prefix = f"zkhub-{hashlib.sha256(str(data_dir.absolute()).encode()).hexdigest()[:8]}-"
    if len(str(root / f"{prefix}{os.getpid()}" / _RAY_DIR)) > _MAX_TEMP_DIR:
        root = Path("/tmp")
    for leftover in root.glob(f"{prefix}*"):
        if not _is_running(leftover.name.removeprefix(prefix)):
            shutil.rmtree(leftover, ignore_errors=True)
    directory = root / f"{prefix}{os.getpid()}"
    try:
        # Not exist_ok: a directory that someone else prepared in a shared place is not ours to trust.
        directory.mkdir(mode=0o700)
    except OSError as error:
        raise RayStartFailed(
            f"Ray's directory {directory} cannot be made: {error}", hint=f"Remove {directory}."
        ) from error
    return directory


def _is_running(pid: str) -> bool:
    """Whether ``pid`` is a process; what is no number is nobody's leftover and stays."""
    return not pid.isdigit() or Path(f"/proc/{pid}").exists()
