"""The hub API on Ray Serve: one deployment that is the ingress."""

import ipaddress
from pathlib import Path
from typing import Any

from ecosystem.settings import ApiSettings

APPLICATION = "hub-api"
#: Requests a replica serves at once; event streams stay open, so it must be far above Serve's default of 5.
MAX_ONGOING_REQUESTS = 256
SHUTDOWN_TIMEOUT_S = 2.0


def serve_api(settings: ApiSettings, port: int, data_dir: Path) -> None:
    """Start Serve in the cluster this process belongs to and deploy the API; returns when a replica runs."""
    from ray import serve

    serve.start(
        proxy_location="HeadOnly",
        http_options={"host": settings.host, "port": port, "request_timeout_s": None},
        logging_config={"enable_access_log": False, "log_level": "WARNING"},
    )
    open_reads = is_loopback(settings.host)
    serve.run(_application(data_dir, open_reads), name=APPLICATION, route_prefix="/", logging_config=None)


def _keep_on_loopback() -> None:
    """Bind this replica's gRPC port to 127.0.0.1.

    Ray Serve 2.60 opens it on every interface, without a token, for calls between deployments, and there is no
    setting for it. Calls to this deployment come over HTTP and actor calls only. Runs before the port is opened.
    """
    from ray.serve._private import replica

    private: Any = replica
    bind = private.add_port_to_grpc_server
    private.add_port_to_grpc_server = lambda server, address: bind(server, address.replace("[::]", "127.0.0.1"))


def stop_api() -> None:
    """Take the API down."""
    from ray import serve

    serve.shutdown()  # type: ignore[no-untyped-call]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _application(data_dir: Path, open_reads: bool) -> Any:
    from ray import serve

    def build() -> Any:
        # Runs in the replica: only it needs FastAPI, and only there may the token be read.
        from ecosystem import logs
        from ecosystem.api.app import make_app
        from ecosystem.api.backend import ControllerBackend
        from ecosystem.keys import KeyStore

        logs.configure(data_dir, "api")
        _keep_on_loopback()
        return make_app(ControllerBackend(), KeyStore(data_dir).api_token(), open_reads=open_reads)

    deployment = serve.deployment(
        name=APPLICATION,
        num_replicas=1,
        max_ongoing_requests=MAX_ONGOING_REQUESTS,
        graceful_shutdown_wait_loop_s=0.1,
        graceful_shutdown_timeout_s=SHUTDOWN_TIMEOUT_S,
        ray_actor_options={"num_cpus": 0},
    )(serve.ingress(build)())
    return deployment.bind()
