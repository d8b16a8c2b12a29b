"""Ray's token: whoever holds it can run code in the cluster, so it lives in a file of mode 0600."""

import os
import secrets
from pathlib import Path

from cluster.errors import RayTokenMissing, RayTokenRefused, RayUnreachable

_DEFAULT_PATH = Path("~/.ray/auth_token")
#: Any method that every Ray head answers; it is only asked whether we may ask.
_PROBE_METHOD = "/ray.rpc.NodeInfoGcsService/CheckAlive"


def ensure_token(path: Path) -> None:
    """Create the token file, with a new random token, unless there is one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        path.chmod(0o600)
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))


def find_token(path: Path | None = None) -> str:
    """The token for joining a cluster: of ``path``, or where Ray itself looks.

    Raises:
        RayTokenMissing: There is none, or the file is empty.
    """
    hint = "Copy keys/ray-token from the data directory of the hub that started the cluster (mode 0600)."
    if path is None:
        if token := os.environ.get("RAY_AUTH_TOKEN", "").strip():
            return token
        path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or _DEFAULT_PATH).expanduser()
    try:
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RayTokenMissing(f"no Ray token: {path} cannot be read ({error})", hint=hint) from error
    if not token:
        raise RayTokenMissing(f"no Ray token: {path} is empty", hint=hint)
    return token


def check_token(address: str, token: str, timeout_s: float = 3.0) -> None:
    """Ask the head at ``address`` whether it takes ``token``; Ray itself needs 20 seconds to notice that it does not.

    Raises:
        RayTokenRefused: It does not.
        RayUnreachable: Nothing that speaks Ray answers there.
    """
    import grpc

    try:
        with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
            probe = channel.unary_unary(_PROBE_METHOD)
            probe(b"", timeout=timeout_s, metadata=[("authorization", f"Bearer {token}")])
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.UNAUTHENTICATED:
            raise RayTokenRefused(
                f"the Ray cluster at {address} refuses the token",
                hint="Copy keys/ray-token from the data directory of the hub that started the cluster.",
            ) from error
        raise RayUnreachable(
            f"no Ray cluster answers at {address} ({error.code().name.lower()})",
            hint="The address is HOST:PORT of the head, as the hub that started the cluster prints it.",
        ) from error
