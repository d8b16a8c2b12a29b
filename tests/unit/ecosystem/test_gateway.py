"""The gateway to the chains' own JSON-RPC: bodies go through unchanged, both ways, within limits."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from ecosystem.api.app import make_app
from ecosystem.api.gateway import MAX_REQUEST_BYTES
from ecosystem.errors import UnknownChain
from ecosystem.refusals import Refusal, Refused


class Addresses:
    """A backend that knows one chain and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def ask(self, question: str, *arguments: Any) -> Any:
        assert question == "rpc_url"
        self.asked += 1
        if arguments != ("alpha",):
            raise Refused(Refusal.of(UnknownChain(arguments[0], ["alpha"])))
        return "http://127.0.0.1:3050"


class Chain(httpx.AsyncBaseTransport):
    """A chain that echoes what it got, or is away."""

    def __init__(self) -> None:
        self.away = False
        self.got: list[bytes] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "http://127.0.0.1:3050" and request.method == "POST"
        body = await request.aread()
        if self.away:
            raise httpx.ConnectError("connection refused", request=request)
        self.got.append(body)
        headers = {"content-type": "application/json", "connection": "keep-alive"}
        return httpx.Response(200, headers=headers, stream=Echo(body))


class Echo(httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for i in range(0, len(self._body), 1000):
            yield self._body[i : i + 1000]


class Door:
    def __init__(self) -> None:
        self.addresses, self.chain = Addresses(), Chain()
        self.app = make_app(self.addresses, "token", transport=self.chain)

    def post(self, *contents: Any, name: str = "alpha", **more: Any) -> list[httpx.Response]:
        async def ask() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
                path = f"/chains/{name}/rpc"
                return [await client.post(path, content=content, **more) for content in contents]

        return asyncio.run(ask())


@pytest.fixture
def door() -> Door:
    return Door()


def test_bodies_go_through_unchanged(door: Door) -> None:
    body = json.dumps([{"jsonrpc": "2.0", "id": i, "method": "eth_blockNumber"} for i in range(300)]).encode()
    [answer] = door.post(body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200 and answer.content == body and door.chain.got == [body]
    assert answer.headers["content-type"] == "application/json"


def test_the_address_is_remembered(door: Door) -> None:
    door.post(b"1", b"2", b"3")
    assert door.addresses.asked == 1 and door.chain.got == [b"1", b"2", b"3"]


def test_large_bodies_are_refused_whether_declared_or_streamed(door: Door) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(MAX_REQUEST_BYTES // 1_000_000 + 2):
            yield b"x" * 1_000_000

    declared, streamed = door.post(b"x" * (MAX_REQUEST_BYTES + 1), endless())
    for answer in (declared, streamed):
        assert answer.status_code == 413
        assert answer.json()["type"] == "urn:zkhub:problem:body-too-large"
    assert door.chain.got == []


def test_a_chain_that_is_away_is_a_problem_and_its_address_is_forgotten(door: Door) -> None:
    door.chain.away = True
    first, second = door.post(b"1", b"2")
    assert first.status_code == second.status_code == 503
    assert first.json()["type"] == "urn:zkhub:problem:chain-unreachable"
    assert door.addresses.asked == 2


def test_unknown_chains_are_named(door: Door) -> None:
    [answer] = door.post(b"1", name="alfa")
    assert answer.status_code == 404 and "alpha" in answer.json()["hint"]
