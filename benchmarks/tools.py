"""Small helpers of the benchmarks."""

import socket

from tests.support import ROOT, npm_tool, wait_for_rpc

__all__ = ["ROOT", "free_port", "npm_tool", "wait_for_rpc"]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
