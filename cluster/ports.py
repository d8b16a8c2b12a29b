"""TCP ports that a restarted process finds free again."""

import random
import socket

from cluster.errors import NoFreePort

#: Below the range from which Linux takes the ports of outgoing connections, so that none of them sits on a chain's
#: port while its process is being restarted; above Ray's own.
_RANGE = range(20_000, 32_000)
_TRIES = 200


def is_free(host: str, port: int) -> bool:
    """Whether a server could bind here now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def pick_port(host: str) -> int:
    """A port that is free now and that nothing but a server would take.

    Raises:
        NoFreePort: None was found.
    """
    for port in random.sample(_RANGE, _TRIES):
        if is_free(host, port):
            return port
    raise NoFreePort(f"no free port on {host} between {_RANGE.start} and {_RANGE.stop - 1}")
