"""TCP ports: whether one is free, and which to take."""

import errno
import socket
import time
from collections.abc import Container

from ecosystem.errors import ConfigError

FIRST_CHAIN_PORT = 3050
FIRST_L1_PORT = 8545
FIRST_API_PORT = 8700


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen on ``port`` of ``host`` now.

    Raises:
        ConfigError: ``host`` is no address of this machine.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do: a port whose last connections linger is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except PermissionError:
            return False
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise ConfigError(
                "host", f'"{host}" is no address of this machine: {error.strerror}', hint="use 127.0.0.1"
            ) from error
    return True


def wait_free(host: str, port: int, timeout_s: float) -> bool:
    """Whether ``port`` is free now or becomes so within ``timeout_s``: what a killed hub leaves ends soon after it."""
    deadline = time.monotonic() + timeout_s
    while not is_free(host, port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def reserve(host: str, port: int, *, exclusively: bool = True) -> socket.socket | None:
    """Take a port for a server that is yet to come and sets ``SO_REUSEPORT``, as Ray Serve does; None if it is taken.

    Two such servers can listen on one port, and each would get half of the other's requests. The port is bound here
    without that option, which only one process can do, and opened to the server afterwards. Keep the socket.

    Args:
        host: Address of this machine.
        port: The port.
        exclusively: Refuse a port on which connections of an earlier server linger, as they do for a minute.
    """
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if not exclusively:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((host, port))
    except OSError:
        held.close()
        return None
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return held


def first_free(host: str, start: int, taken: Container[int] = ()) -> int:
    """The first port from ``start`` on that is free and not in ``taken``."""
    for port in range(start, 65_536):
        if port not in taken and is_free(host, port):
            return port
    raise OSError(f"no free port on {host} from {start} on")
