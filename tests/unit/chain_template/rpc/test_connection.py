"""Requests on the wire: those that take the short cut and those that do not get the same answers, in order."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from chain_template.rpc import RpcServer
from chain_template.rpc.connection import Connection
from chain_template.rpc.recovery import Found, Recovery
from tests.support import CHAIN_ID, KEYS, address_of, sign
from tests.unit.chain_template.rpc.conftest import Deployed

CHAIN = hex(CHAIN_ID)
QUICK = b'{"jsonrpc":"2.0","id":%d,"method":"eth_chainId","params":[]}'
SLOW = b'{"jsonrpc":"2.0","id":%d,"method":"eth_getBlockByNumber","params":["0x0",true]}'
NOTIFICATION = b'{"jsonrpc":"2.0","method":"eth_chainId","params":[]}'


class Wire:
    """A socket to the endpoint, read an answer at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.file = connection.makefile("rb")

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.socket.sendall(piece)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        status = int(self.file.readline().split()[1])
        headers = {}
        while line := self.file.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, self.file.read(int(headers.get("content-length", 0)))

    def result(self) -> tuple[int, str]:
        status, headers, body = self.answer()
        assert (status, headers["content-type"]) == (200, "application/json")
        shown = json.loads(body)
        return shown["id"], shown["result"]

    def is_at_its_end(self) -> bool:
        return self.file.read(1) == b""


@contextmanager
def wire(deployed: Deployed) -> Iterator[Wire]:
    with socket.create_connection(("127.0.0.1", deployed.chain.server.port), timeout=20) as connection:
        it = Wire(connection)
        with it.file:
            yield it


def post(body: bytes, *headers: bytes, version: bytes = b"1.1") -> bytes:
    lines = [b"POST / HTTP/%s" % version, b"host: x", b"content-length: %d" % len(body), *headers]
    return b"\r\n".join([*lines, b"", body])


def test_plain_requests_one_by_one_and_in_pieces(l1: Deployed) -> None:
    with wire(l1) as it:
        for number in range(3):
            it.send(post(QUICK % number))
            assert it.result() == (number, CHAIN)
        whole = post(QUICK % 7)
        it.send(*(whole[at : at + 1] for at in range(len(whole))))
        assert it.result() == (7, CHAIN)


def test_requests_sent_without_waiting_are_answered_in_order(l1: Deployed) -> None:
    kinds = [QUICK, SLOW, QUICK, QUICK, SLOW, SLOW, QUICK]
    with wire(l1) as it:
        it.send(b"".join(post(kind % number) for number, kind in enumerate(kinds)))
        assert [it.result()[0] for _ in kinds] == list(range(len(kinds)))
        it.send(post(QUICK % 99))
        assert it.result() == (99, CHAIN)


def test_what_is_not_answered_at_once_is_not_done_twice(l1: Deployed) -> None:
    created = b'{"jsonrpc":"2.0","id":%d,"method":"eth_newBlockFilter","params":[]}'
    with wire(l1) as it:
        it.send(post(created % 1))
        first = int(it.result()[1], 16)
        it.send(post(b"[" + created % 2 + b"]"))
        _, _, body = it.answer()
        assert int(json.loads(body)[0]["result"], 16) != first


def test_notifications_batches_and_errors(l1: Deployed) -> None:
    with wire(l1) as it:
        it.send(post(NOTIFICATION))
        assert it.answer()[::2] == (204, b"")
        it.send(post(b"[%s,%s]" % (QUICK % 1, SLOW % 2)))
        assert [item["id"] for item in json.loads(it.answer()[2])] == [1, 2]
        it.send(post(b'{"jsonrpc":"2.0","id":4,"method":"eth_chain'))
        assert json.loads(it.answer()[2])["error"]["code"] == -32700
        it.send(post(b'{"jsonrpc":"2.0","id":4,"method":"eth_chainIdd"}'))
        assert json.loads(it.answer()[2])["error"]["code"] == -32601
        it.send(post(b""))
        assert json.loads(it.answer()[2])["error"]["code"] == -32700


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b"content-type: text/plain", 415),
        (b"content-type: application/json", 200),
        (b"content-type: application/json;charset=UTF-8", 200),
        (b"origin: https://evil.example", 403),
        (b"origin: http://localhost:3000", 200),
        (b"connection: close", 200),
    ],
)
def test_unusual_headers_are_judged_as_ever(l1: Deployed, header: bytes, status: int) -> None:
    with wire(l1) as it:
        it.send(post(QUICK % 1, header))
        assert it.answer()[0] == status
        if header == b"connection: close":
            assert it.is_at_its_end()


def test_old_clients_are_not_kept_waiting(l1: Deployed) -> None:
    with wire(l1) as it:
        it.send(post(QUICK % 1, version=b"1.0"))
        assert it.answer()[0] == 200
        assert it.is_at_its_end()


def test_a_body_in_chunks(l1: Deployed) -> None:
    body = QUICK % 5
    head = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    with wire(l1) as it:
        it.send(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        assert it.result() == (5, CHAIN)


def test_two_lengths_are_no_request(l1: Deployed) -> None:
    with wire(l1) as it:
        it.send(post(QUICK % 1, b"content-length: 3"))
        assert it.answer()[0] == 400
        assert it.is_at_its_end()


def test_a_request_that_has_begun_when_the_server_stops_is_answered(l1: Deployed) -> None:
    """What ``shutdown`` does to a connection, without stopping a chain that other tests share."""
    whole = post(QUICK % 3)
    with wire(l1) as it:
        it.send(whole[:-5])
        shut_down(l1.chain.server, lambda one: bool(one._held))
        it.send(whole[-5:])
        assert it.result() == (3, CHAIN)
        assert it.is_at_its_end()


def post_transaction(number: int, key: int, nonce: int, **fields: object) -> bytes:
    raw = sign(KEYS[key], nonce, **{"to": b"\x42" * 20, **fields})
    params = b'"0x%s"' % raw.hex().encode()
    return post(b'{"jsonrpc":"2.0","id":%d,"method":"eth_sendRawTransaction","params":[%s]}' % (number, params))


def two_alike(key: int, nonce: int) -> tuple[bytes, bytes]:
    """Requests 0 and 1 that follow one another and are equally long, so that their heads are the same."""
    first = post_transaction(0, key, nonce)
    seconds = (post_transaction(1, key, nonce + 1, value=value) for value in range(1, 128))
    return first, next(second for second in seconds if len(second) == len(first))


def nonce_of(it: Wire, key: int) -> int:
    sender = address_of(KEYS[key]).hex().encode()
    it.send(post(b'{"jsonrpc":"2.0","id":0,"method":"eth_getTransactionCount","params":["0x%s","pending"]}' % sender))
    return int(it.result()[1], 16)


@pytest.fixture
def found_beside(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The digests whose senders were found beside the event loop."""
    found: list[bytes] = []
    find = Recovery.find

    def noted(self: Recovery, digest: bytes, signature: bytes, then: Found) -> None:
        found.append(digest)
        find(self, digest, signature, then)

    monkeypatch.setattr(Recovery, "find", noted)
    return found


def test_transactions_of_several_clients(l1: Deployed, found_beside: list[bytes]) -> None:
    """They are sent whole, without waiting, and behind one another; each client has its answers in order."""
    count = 12
    with wire(l1) as one, wire(l1) as other:
        nonces = [nonce_of(one, key) for key in (3, 4)]
        for at in range(count):
            for it, key, nonce in ((one, 3, nonces[0]), (other, 4, nonces[1])):
                it.send(post_transaction(at, key, nonce + at))
                it.send(post(QUICK % (100 + at)))
                it.send(post(SLOW % (200 + at)))
        for at in range(count):
            for it in (one, other):
                number, tx_hash = it.result()
                assert (number, len(tx_hash)) == (at, 66)
                assert it.result() == (100 + at, CHAIN)
                assert it.result()[0] == 200 + at
        # Whether what is sent together arrives so is up to the system; what is sent alone is found beside the loop.
        for number, request in enumerate(two_alike(3, nonces[0] + count)):
            one.send(request)
            assert one.result()[0] == number
        assert found_beside
        assert [nonce_of(one, key) for key in (3, 4)] == [nonces[0] + count + 2, nonces[1] + count]


def test_what_is_wrong_with_a_transaction_is_said_all_the_same(l1: Deployed, found_beside: list[bytes]) -> None:
    with wire(l1) as it, wire(l1):
        nonce = nonce_of(it, 3)
        good = post_transaction(1, 3, nonce, value=1)
        it.send(good)
        assert it.result()[0] == 1
        # Of the same length, so that the head is the same: another chain, and a signature that no key made.
        for change, message in ((b"0x02f8", b"0x02f9"), (good[-80:-70], b"f" * 10)):
            assert change in good
            it.send(good.replace(change, message))
            assert "error" in json.loads(it.answer()[2])
        it.send(good)
        refusal = json.loads(it.answer()[2])["error"]["message"]
        assert "already known" in refusal or "nonce too low" in refusal  # as a block was made meanwhile, or not
        assert nonce_of(it, 3) == nonce + 1
    assert found_beside


def test_an_answer_that_is_awaited_when_the_server_stops_is_sent(l1: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[Found] = []
    monkeypatch.setattr(Recovery, "find", lambda self, digest, signature, then: held.append(then))
    with wire(l1) as it, wire(l1):
        first, second = two_alike(3, nonce_of(it, 3))
        it.send(first)
        assert it.result()[0] == 0  # the first of its kind on a connection is parsed, and answered at once
        it.send(second)
        shut_down(l1.chain.server, lambda one: one._is_awaiting)
        monkeypatch.undo()
        assert l1.chain.server._loop is not None
        l1.chain.server._loop.call_soon_threadsafe(held[0], address_of(KEYS[3]))
        assert it.result()[0] == 1
        assert it.is_at_its_end()


def shut_down(server: RpcServer, wanted: Callable[[Connection], bool]) -> None:
    """What the end of the server does to the connections that are wanted, once there is one."""
    done = threading.Event()

    def look() -> None:
        assert server._server is not None
        found = [one for one in server._server.server_state.connections if isinstance(one, Connection) and wanted(one)]
        for one in found:
            one.shutdown()
        if found:
            done.set()

    assert server._loop is not None
    end = time.monotonic() + 20
    while not done.wait(0.02):
        assert time.monotonic() < end
        server._loop.call_soon_threadsafe(look)
