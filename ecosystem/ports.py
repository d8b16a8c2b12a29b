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


def first_free(host: str, start: int, taken: Container[int] = ()) -> int:
    """The first port from ``start`` on that is free and not in ``taken``."""
    for port in range(start, 65_536):
        if port not in taken and is_free(host, port):
            return port
    raise OSError(f"no free port on {host} from {start} on")
