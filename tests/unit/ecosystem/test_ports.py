"""Which ports are free."""

import socket
import threading

import pytest

from ecosystem.errors import ConfigError
from ecosystem.ports import first_free, is_free, reserve, wait_free


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


def test_a_reserved_port_is_kept_from_others_and_open_to_the_server_it_is_for() -> None:
    port = first_free("127.0.0.1", 24_000)
    held = reserve("127.0.0.1", port)
    assert held is not None
    with held:
        assert not is_free("127.0.0.1", port)
        assert reserve("127.0.0.1", port) is None and reserve("127.0.0.1", port, exclusively=False) is None
        with socket.socket() as server:
            # The options Serve sets.
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            server.bind(("127.0.0.1", port))
            server.listen(8)
            with socket.create_connection(("127.0.0.1", port), 5), server.accept()[0]:
                pass
    assert is_free("127.0.0.1", port)
