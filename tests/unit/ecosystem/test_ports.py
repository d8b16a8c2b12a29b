"""Which ports are free."""

import socket
import threading

import pytest

from ecosystem.errors import ConfigError
from ecosystem.ports import first_free, is_free, wait_free


def test_a_port_is_free_until_someone_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free("127.0.0.1", port)
        assert first_free("127.0.0.1", port) > port
        assert not wait_free("127.0.0.1", port, 0.0)
    assert is_free("127.0.0.1", port)


def test_ports_of_others_are_left_alone() -> None:
    start = first_free("127.0.0.1", 23_000)
    assert first_free("127.0.0.1", start, {start}) > start


def test_a_port_is_waited_for() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    timer = threading.Timer(0.2, server.close)
    timer.start()
    assert wait_free("127.0.0.1", server.getsockname()[1], 10.0)
    timer.join()


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ConfigError, match="no address of this machine"):
        is_free("192.0.2.1", 3050)
