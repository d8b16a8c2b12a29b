"""The hub API over ASGI: answers, refusals, tokens, streams, figures; and whatever Schemathesis thinks of."""

import asyncio
import json
import threading
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import Phase, given, settings
from prometheus_client.parser import text_string_to_metric_families
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cluster.errors import ActorFailed, ActorMissing, ActorTimeout
from ecosystem.api.app import MAX_BODY_BYTES, make_app
from ecosystem.refusals import QUESTIONS, Refusal, Refused
from tests.unit.ecosystem.conftest import FakeHub
from zkhub.errors import HubError

TOKEN = "secret-token"
AUTHORISED = {"Authorization": f"Bearer {TOKEN}"}


class LocalBackend:
    """Asks the hub as the actor does, in this process."""

    def __init__(self, hub: FakeHub) -> None:
        self.hub = hub
        self.failure: Exception | None = None

    async def ask(self, question: str, *arguments: Any) -> Any:
        if self.failure is not None:
            raise self.failure
        assert question in QUESTIONS
        try:
            return await asyncio.to_thread(getattr(self.hub.hub, question), *arguments)
        except HubError as error:
            raise Refused(Refusal.of(error)) from error


@pytest.fixture
def backend(running: FakeHub) -> LocalBackend:
    return LocalBackend(running)


class Api:
    """Requests to the application without a network."""

    def __init__(self, app: Any) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://hub") as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())


@pytest.fixture
def api(backend: LocalBackend) -> Api:
    return Api(make_app(backend, TOKEN))


def refused(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "hint"}
    assert problem["type"] == f"urn:zkhub:problem:{slug}" and problem["status"] == status
    assert problem["title"] and problem["detail"]
    return problem


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
READS = [
    "/v1/hub",
    "/v1/health",
    "/v1/l1",
    "/v1/accounts",
    "/v1/chains",
    "/v1/chains/alpha",
    "/v1/chains/alpha/batches",
    "/v1/chains/alpha/batches/1",
    "/v1/operations",
    "/v1/events",
    "/v1/provers",
    "/v1/provers/jobs",
    "/metrics",
]
CHANGES = [
    ("POST", "/v1/chains"),
    ("POST", "/v1/chains/alpha/pause"),
    ("POST", "/v1/chains/alpha/resume"),
    ("DELETE", "/v1/chains/alpha"),
    ("POST", "/v1/provers/jobs/alpha/4/retry"),
]


@pytest.mark.parametrize("path", READS)
def test_reading_is_open_on_loopback_only(backend: LocalBackend, path: str) -> None:
    assert Api(make_app(backend, TOKEN))("GET", path).status_code == 200
    closed = Api(make_app(backend, TOKEN, open_reads=False))
    refused(closed("GET", path), 401, "token-missing")
    assert closed("GET", path, headers=AUTHORISED).status_code == 200


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize(
    ("headers", "status", "slug"),
    [
        ({}, 401, "token-missing"),
        ({"Authorization": "Basic c2VjcmV0"}, 401, "token-missing"),
        ({"Authorization": "Bearer wrong"}, 403, "token-wrong"),
        ({"Authorization": "Bearer \u00fc".encode("latin-1")}, 403, "token-wrong"),
    ],
)
def test_changing_needs_the_token(
    api: Api, running: FakeHub, method: str, path: str, headers: Any, status: int, slug: str
) -> None:
    before = (running.registry.chains(), running.registry.operations())
    answer = api(method, path, headers=headers, json={"name": "gamma", "id": 273} if path == "/v1/chains" else None)
    refused(answer, status, slug)
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
    assert (running.registry.chains(), running.registry.operations()) == before


def test_the_hub_at_a_glance(api: Api) -> None:
    hub = api("GET", "/v1/hub").json()
    assert hub["state"] == "ok" and hub["proofs"] == "none" and hub["chains"] == {"running": 2}
    l1 = api("GET", "/v1/l1").json()
    assert l1["kind"] == "embedded" and l1["healthy"] and "bridgehub" in l1["contracts"]
    [first, _] = api("GET", "/v1/accounts").json()
    assert first["balances"] == {"l1": str(10**21), "alpha": str(10**21), "beta": str(10**21)}


def test_a_chain_is_created_and_followed(api: Api, running: FakeHub) -> None:
    answer = api("POST", "/v1/chains", headers=AUTHORISED, json={"name": "gamma", "id": 273})
    assert answer.status_code == 202
    operation = answer.json()
    assert operation["kind"] == "create-chain" and operation["status"] == "pending"
    stream = api("GET", f"/v1/operations/{operation['id']}/events")
    assert stream.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in stream.text.splitlines() if line.startswith("data: ")]
    assert [e["status"] for e in events[:-1] if not e["step"]] == ["pending", "running", "done"]
    assert "event: end" in stream.text and events[-1] == {"status": "done"}
    steps = api("GET", f"/v1/operations/{operation['id']}").json()["steps"]
    assert {step["status"] for step in steps} == {"done"}
    assert api("GET", "/v1/chains/gamma").json()["id"] == 273


def test_a_broken_stream_is_resumed(api: Api, running: FakeHub) -> None:
    operation = running.registry.operations(chain="alpha")[0].id
    last = running.registry.events_after(0, operation_id=operation)[-1].seq
    path = f"/v1/operations/{operation}/events"
    resumed = api("GET", path, headers={"Last-Event-ID": str(last - 1)}).text
    assert resumed.count("event: progress") == 1 and "event: end" in resumed
    assert api("GET", path, params={"after": last}).text.count("event: progress") == 0
    refused(api("GET", "/v1/operations/op-none/events"), 404, "unknown-operation")


@pytest.mark.parametrize(
    ("body", "status", "slug", "word"),
    [
        ({"name": "gamma"}, 422, "invalid-request", "body.id"),
        ({"name": "gamma", "id": 0}, 422, "invalid-request", "body.id"),
        ({"name": "Gamma", "id": 273}, 422, "invalid-request", "body.name"),
        ({"name": "gamma", "id": 273, "blok": {}}, 422, "invalid-request", '"block"'),
        ({"name": "gamma", "id": 273, "block": {"intervalms": 1}}, 422, "invalid-request", "interval_ms"),
        ({"name": "gamma", "id": 273, "base_token": "usdc"}, 422, "invalid-request", "neither"),
        ({"name": "l1", "id": 273}, 422, "invalid-setting", "reserved"),
        ({"name": "gamma", "id": 31337}, 422, "invalid-setting", "L1"),
        ({"name": "alpha", "id": 273}, 409, "chain-exists", "alpha"),
        ({"name": "gamma", "id": 271}, 409, "chain-exists", "alpha"),
        ({"name": "gamma", "id": 273, "host": "somewhere"}, 422, "invalid-request", "IP address"),
        ({"name": "gamma", "id": 273, "host": "192.0.2.1"}, 422, "invalid-setting", "no address of this machine"),
        ([], 422, "invalid-request", "body"),
    ],
)
def test_bad_chains_are_refused(api: Api, running: FakeHub, body: Any, status: int, slug: str, word: str) -> None:
    before = running.registry.chains()
    problem = refused(api("POST", "/v1/chains", headers=AUTHORISED, json=body), status, slug)
    assert word in problem["detail"] + problem["hint"]
    assert running.registry.chains() == before


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"name": "gamma", "id": 1e999}'])
def test_malformed_bodies_are_refused(api: Api, content: bytes) -> None:
    headers = AUTHORISED | {"Content-Type": "application/json"}
    refused(api("POST", "/v1/chains", headers=headers, content=content), 422, "invalid-request")


def test_large_bodies_are_refused(api: Api) -> None:
    content = b'{"name": "' + b"x" * MAX_BODY_BYTES + b'"}'
    refused(api("POST", "/v1/chains", headers=AUTHORISED, content=content), 413, "body-too-large")


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/v1/chains/alfa", 404, "unknown-chain"),
        ("GET", "/v1/chains/alfa/batches", 404, "unknown-chain"),
        ("GET", "/v1/chains/alpha/batches/99", 404, "unknown-batch"),
        ("GET", "/v1/chains/alpha/batches/0", 422, "invalid-request"),
        ("GET", "/v1/operations/op-none", 404, "unknown-operation"),
        ("GET", "/v1/provers/jobs?chain=alfa", 404, "unknown-chain"),
        ("GET", "/v1/provers/jobs?state=nowhere", 422, "invalid-request"),
        ("POST", "/v1/provers/jobs/alpha/9/retry", 404, "unknown-job"),
        ("DELETE", "/v1/chains/alfa", 404, "unknown-chain"),
        ("GET", "/nowhere", 404, "not-found"),
        ("PUT", "/v1/chains", 405, "method-not-allowed"),
    ],
)
def test_what_is_not_there(api: Api, method: str, path: str, status: int, slug: str) -> None:
    refused(api(method, path, headers=AUTHORISED), status, slug)


def test_a_batch_is_followed_until_it_is_executed(api: Api, running: FakeHub) -> None:
    node = running.runtime.nodes["alpha"]
    node.sealed, node.executed = 4, 3
    node.proving = 4
    shown = api("GET", "/v1/chains/alpha/batches/4").json()
    assert shown["progress"] == {"stage": "quotient", "number": 7, "stages": 13, "fraction": 0.45}

    def execute() -> None:
        node.proving = None
        node.executed = 4

    threading.Timer(0.8, execute).start()
    text = api("GET", "/v1/chains/alpha/batches/4/events").text
    events = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]
    assert [event.get("stage") for event in events] == ["proving", "executed", None]
    assert events[0]["progress"]["stage"] == "quotient" and events[1]["progress"] is None
    assert text.rstrip().endswith('data: {"status": "executed"}')
    assert api("GET", "/v1/chains/alpha/batches/99/events").status_code == 404


def test_batches_come_the_latest_first_and_by_pages(api: Api) -> None:
    path = "/v1/chains/alpha/batches"
    assert [b["number"] for b in api("GET", path).json()] == [3, 2, 1]
    assert [b["number"] for b in api("GET", path, params={"before": 3, "limit": 1}).json()] == [2]
    assert api("GET", path, params={"before": 1}).json() == []
    assert api("GET", "/v1/chains/alpha/batches/2").json()["stage"] == "executed"


def test_pausing_and_removing(api: Api, running: FakeHub) -> None:
    paused = api("POST", "/v1/chains/alpha/pause", headers=AUTHORISED)
    assert paused.status_code == 202
    running.finished(paused.json()["id"])
    removed = api("DELETE", "/v1/chains/alpha", headers=AUTHORISED)
    running.finished(removed.json()["id"])
    refused(api("POST", "/v1/chains/alpha/pause", headers=AUTHORISED), 409, "wrong-chain-state")
    assert [chain["name"] for chain in api("GET", "/v1/chains").json()] == ["beta", "alpha"]


@pytest.mark.parametrize(
    ("failure", "status", "slug"),
    [
        (ActorMissing("there is no controller"), 503, "unavailable"),
        (ActorTimeout("hub-controller did not answer ask within 15 s"), 504, "timeout"),
        (ActorFailed("hub-controller.ask raised KeyError"), 500, "internal"),
        (KeyError("oops"), 500, "internal"),
    ],
)
def test_a_controller_that_does_not_answer(
    api: Api, backend: LocalBackend, failure: Exception, status: int, slug: str
) -> None:
    backend.failure = failure
    refused(api("GET", "/v1/hub"), status, slug)


def test_figures_for_prometheus(api: Api, running: FakeHub) -> None:
    answer = api("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found["zkhub_chain_head_block", ("chain", "alpha")] == 7
    assert found["zkhub_chain_batch", ("chain", "beta"), ("stage", "executed")] == 3
    assert found["zkhub_chain_mempool_transactions", ("chain", "alpha")] == 1
    assert found["zkhub_prover_queue_jobs", ("chain", "alpha")] == 2
    assert found["zkhub_prover_workers", ("state", "busy")] == 1
    assert found["zkhub_l1_up",] == 1
    running.runtime.pool_down = True
    assert "zkhub_prover_pool_up 0.0" in api("GET", "/metrics").text


def test_every_route_documents_its_refusals(backend: LocalBackend) -> None:
    document = make_app(backend, TOKEN).openapi()
    assert "Problem" in document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            assert "500" in route["responses"] or path == "/metrics", (method, path)
            if method != "get" and path.startswith("/v1"):
                assert route["security"], (method, path)


@pytest.fixture
def contract(backend: LocalBackend) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", make_app(backend, TOKEN))


ROUTES = [
    (path, method)
    for path, methods in make_app(LocalBackend(None), TOKEN).openapi()["paths"].items()  # type: ignore[arg-type]
    for method in methods
    # These two ask the chains' nodes, and there are none here; what they do with one is tested on its own.
    if not path.endswith(("/rpc", "/v1/books"))
]


def test_books_cannot_be_added_up_without_the_nodes(api: Api) -> None:
    refused(api("GET", "/v1/books"), 503, "node-lost")


OF_PROVERS = [(path, method) for path, method in ROUTES if path.startswith(("/v1/provers", "/v1/outside"))]


def explore(contract: Any, path: str, method: str, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, database=None, phases=[Phase.explicit, Phase.generate])
    @given(case=contract[path][method].as_strategy())
    def call(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=AUTHORISED, checks=CHECKS)

    call()


@pytest.mark.parametrize(("path", "method"), [route for route in ROUTES if route not in OF_PROVERS])
def test_schemathesis_finds_no_server_error(contract: Any, path: str, method: str) -> None:
    explore(contract, path, method, 12)


def test_schemathesis_finds_no_server_error_in_the_provers_calls(contract: Any) -> None:
    """They are many and alike, and each is tested on its own as well: one hub serves for all."""
    assert len(OF_PROVERS) > 15
    for path, method in OF_PROVERS:
        explore(contract, path, method, 4)
