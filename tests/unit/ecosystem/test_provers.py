"""Provers by API, CLI and metrics, on a real pool; and provers from outside, over real HTTP."""

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError

from chain_template.settlement.proofs import ProofJob
from cluster.errors import HubUnreachable, TokenRefused
from cluster.pool import JobState, WorkerCard
from cluster.workers.loop import WorkerLoop
from cluster.workers.outside import HttpPool
from cluster.workers.unproven import UnprovenProver
from ecosystem.api.app import MAX_BODY_BYTES, make_app
from ecosystem.api.prover_routes import MAX_PROOF_BYTES
from ecosystem.settings import ChainSettings
from tests.unit.cluster.test_unproven import real_batch
from tests.unit.ecosystem.conftest import FakeHub, wait_for
from tests.unit.ecosystem.fakes import FakePool
from tests.unit.ecosystem.test_api import AUTHORISED, TOKEN, Api, LocalBackend, refused
from tests.unit.ecosystem.test_cli import Zkhub, alone, answer, zkhub

__all__ = ["alone", "zkhub"]


@pytest.fixture
def pool(running: FakeHub) -> FakePool:
    return running.runtime.prover_pool()


@pytest.fixture
def api(running: FakeHub) -> Api:
    return Api(make_app(LocalBackend(running), TOKEN))


def post(api: Api, path: str, body: Any = None, token: str = TOKEN) -> httpx.Response:
    return api("POST", path, headers={"Authorization": f"Bearer {token}"}, json=body)


# -- the pool -----------------------------------------------------------------------------------------------


def test_the_workers_say_what_they_are_at_and_have(api: Api) -> None:
    (worker,) = api("GET", "/v1/provers").json()["workers"]
    assert (worker["job"], worker["jobs_done"], worker["gpu"], worker["memory_bytes"]) == (
        "alpha/4",
        3,
        "node/0",
        16 * 10**9,
    )
    assert worker["progress"] == {"stage": "quotient", "number": 7, "stages": 13, "fraction": 0.45}
    assert 0 <= worker["busy_s"] <= worker["known_s"] + 0.5


def test_a_chains_queue_with_what_is_due_and_reserved(api: Api, pool: FakePool) -> None:
    assert post(api, "/v1/provers/shares/alpha", {"reserved": 0.4}).status_code == 200
    refused(post(api, "/v1/provers/shares/beta", {"reserved": 0.6}), 422, "reserved-too-much")
    assert post(api, "/v1/provers/shares/alpha", {"deadline_s": 900}).json()[0]["deadline_s"] == 900
    (queue,) = api("GET", "/v1/provers/queue").json()
    assert (queue["chain"], queue["waiting"], queue["running"]) == ("alpha", 2, 1)
    assert (queue["reserved"], queue["share"], queue["weight"]) == (0.4, 1.0, 1.0)


def test_why_by_number_and_by_name(api: Api, zkhub: Zkhub) -> None:
    told = api("GET", "/v1/provers/jobs/alpha/5/why").json()
    assert told["job"]["id"] == 5 and told["job"]["state"] == "ready"
    assert "is the first of its chain" in told["sentences"][0]
    running = api("GET", "/v1/provers/jobs/4/why").json()
    assert running["own"]["rule"] == "fair" and running["own"]["chosen"]["chain"] == "alpha"
    refused(api("GET", "/v1/provers/jobs/99/why"), 404, "unknown-job")
    shown = zkhub("prover", "why", "alpha/4")
    assert shown.exit_code == 0 and "runs on prover-worker-0" in shown.stdout
    assert zkhub("prover", "why", "nonsense").exit_code == 2
    assert answer(zkhub("prover", "why", "5", "--json"))["job"]["batch"] == 5


def test_a_batch_is_made_urgent_and_cancelled(api: Api, zkhub: Zkhub, pool: FakePool) -> None:
    urgent = zkhub("prover", "prioritise", "alpha", "6")
    assert urgent.exit_code == 0 and "urgent" in urgent.stderr
    due = answer(zkhub("prover", "prioritise", "alpha", "5", "--due", "600", "--json"))
    assert not due["urgent"] and due["deadline_ms"] > 0
    refused(post(api, "/v1/provers/jobs/alpha/4/priority", {}), 409, "wrong-job-state")
    assert answer(zkhub("prover", "cancel", "alpha", "4", "--json"))["state"] == "cancelled"
    assert not pool.heartbeat(pool.worker, 4)


def test_draining_and_scaling(api: Api, zkhub: Zkhub, pool: FakePool, running: FakeHub) -> None:
    drained = zkhub("prover", "drain")
    assert "still at work: prover-worker-0" in drained.stderr
    assert api("GET", "/v1/provers").json()["draining"]
    assert "draining" in zkhub("prover", "status").stdout
    zkhub("prover", "resume")
    assert not api("GET", "/v1/provers").json()["draining"]
    missing = zkhub("prover", "drain", "prover-worker-9")
    assert missing.exit_code == 1 and "prover-worker-0" in missing.stderr
    assert answer(zkhub("prover", "scale", "3", "--json"))["wanted"] == 3
    wait_for(lambda: running.runtime.workers == 3)
    assert running.successor().controller.lifecycle.prover_workers == 3, "it is remembered"


def test_workers_come_with_the_queue_and_go_again(
    made: Callable[..., FakeHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecosystem.controller.SCALING_S", 0.0)
    hub = made(provers={"workers": 1, "max_workers": 5, "queue_target_s": 0.001})
    pool = hub.runtime.prover_pool()
    hub.controller.start()
    # One job runs and two wait; what the proved ones took tells that they are worth a worker each at the least.
    wait_for(lambda: (hub.runtime.workers or 0) >= 2)
    assert hub.runtime.workers <= 5  # type: ignore[operator]
    assert hub.controller._worker_goal is not None
    hub.controller._worker_goal.patience_s = 0.0
    pool.cancel_from(271, 1)
    wait_for(lambda: hub.runtime.workers == 1)


def test_the_settings_of_a_chain_set_its_share(made: Callable[..., FakeHub]) -> None:
    chains = {"alpha": ChainSettings(id=271, provers={"reserved": 0.25, "weight": 3}), "beta": ChainSettings(id=272)}
    hub = made(chains=chains)
    hub.controller.start()
    hub.settle()
    (share,) = [share for share in hub.runtime.prover_pool().stats().chains if share.chain_id == 271]
    assert (share.reserved, share.weight) == (0.25, 3.0)


def test_shares_that_do_not_fit_are_refused_or_told_of_and_a_removed_chain_gives_its_own_back(
    made: Callable[..., FakeHub],
) -> None:
    half = {"reserved": 0.5}
    with pytest.raises(ValidationError, match="reserve 100% of the provers"):
        made(chains={"alpha": ChainSettings(id=271, provers=half), "beta": ChainSettings(id=272, provers=half)})
    hub = made(chains={"alpha": ChainSettings(id=271, provers=half), "beta": ChainSettings(id=272)})
    hub.runtime.prover_pool().set_share(272, reserved=0.6)
    hub.controller.start()
    hub.settle()
    told = [step.detail for operation in hub.registry.operations(limit=100) for step in operation.steps]
    assert any("alpha: 50% of the provers cannot be reserved" in detail for detail in told), told
    hub.runtime.prover_pool().set_share(272, reserved=0.0)
    hub.runtime.prover_pool().set_share(271, reserved=0.5)
    hub.finished(hub.hub.remove("alpha").id)
    hub.runtime.prover_pool().set_share(272, reserved=0.9)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("prover", "join", "http://127.0.0.1:1"), "needs its token"),
        (("prover", "join", "http://127.0.0.1:1", "--token-file", "/nowhere"), "cannot be read"),
    ],
)
def test_joining_without_a_token_is_wrong_usage(alone: Zkhub, words: tuple[str, ...], says: str) -> None:
    done = alone(*words)
    assert done.exit_code == 2 and says in done.stderr


def test_joining_a_hub_that_is_not_there_says_so(alone: Zkhub) -> None:
    done = alone("prover", "join", "http://127.0.0.1:1", "--token", "zkp_x")
    assert done.exit_code == 1 and "http://127.0.0.1:1" in done.stderr


@pytest.mark.parametrize("words", [("prover", "list"), ("prover", "status"), ("prover", "queue")])
def test_every_view_has_a_table_and_json(zkhub: Zkhub, words: tuple[str, ...], pool: FakePool) -> None:
    shown = zkhub(*words)
    assert shown.exit_code == 0 and shown.stdout.strip(), shown.output
    assert answer(zkhub(*words, "--json"))


def test_figures(api: Api) -> None:
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(api("GET", "/metrics").text)
        for sample in family.samples
    }
    who = (("gpu", "node/0"), ("worker", "prover-worker-0"))
    assert found["zkhub_prover_worker_jobs_total", *who] == 3
    assert found["zkhub_prover_worker_memory_bytes", *who] == 16e9
    assert found["zkhub_prover_share", ("chain", "alpha"), ("kind", "due")] == 1
    job = (("job", "alpha/4"), ("stage", "quotient"), ("worker", "prover-worker-0"))
    assert found["zkhub_prover_worker_job_fraction", *job] == 0.45
    assert found["zkhub_prover_jobs", ("state", "ready")] == 2


# -- provers from outside -----------------------------------------------------------------------------------


def test_a_token_is_shown_once_kept_as_a_hash_and_revoked(api: Api, zkhub: Zkhub, pool: FakePool) -> None:
    created = zkhub("prover", "token", "create", "basement")
    token = created.stdout.strip()
    assert re.fullmatch(r"zkp_[\w-]{43}", token)
    assert "already" in zkhub("prover", "token", "create", "basement").stderr
    kept = b"".join(path.read_bytes() for path in pool._directory.glob("pool.db*"))
    assert token.encode() not in kept and token.removeprefix("zkp_").encode() not in kept
    assert api("GET", "/v1/outside/backend", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert zkhub("prover", "token", "revoke", "basement").exit_code == 0
    refused(
        api("GET", "/v1/outside/backend", headers={"Authorization": f"Bearer {token}"}), 403, "prover-token-refused"
    )
    assert answer(zkhub("prover", "token", "list", "--json"))[0]["revoked_at_ms"] > 0
    assert zkhub("prover", "token", "revoke", "attic").exit_code == 1


@pytest.mark.parametrize("path", ["pick", "heartbeat", "fail", "leave", "submit?lease=1&incarnation=a"])
def test_the_door_is_shut_without_a_token_and_the_hubs_own_does_not_open_it(api: Api, path: str) -> None:
    body = {"pick": {"incarnation": "a", "sequence": 1}, "fail": {"incarnation": "a", "lease": 1, "error": "x"}}
    sent = body.get(path, {"incarnation": "a"})
    refused(api("POST", f"/v1/outside/{path}", json=sent), 401, "token-missing")
    refused(api("POST", f"/v1/outside/{path}", json=sent, headers=AUTHORISED), 403, "prover-token-refused")


def test_proofs_may_be_large_but_not_endless(api: Api, pool: FakePool) -> None:
    token = pool.create_token("basement")
    headers = {"Authorization": f"Bearer {token}"}
    path = "/v1/outside/submit?lease=77&incarnation=a"
    refused(api("POST", path, headers=headers, content=bytes(2 * MAX_BODY_BYTES)), 409, "stale-lease")
    refused(api("POST", path, headers=headers, content=bytes(MAX_PROOF_BYTES + 1)), 413, "body-too-large")
    refused(api("POST", "/v1/outside/pick", headers=headers, content=bytes(MAX_BODY_BYTES + 1)), 413, "body-too-large")


class Connected:
    """The API's application behind a synchronous client, as :class:`HttpPool` wants it."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.down = False

    def transport(self) -> httpx.BaseTransport:
        def handle(request: httpx.Request) -> httpx.Response:
            if self.down:
                raise httpx.ConnectError("connection refused")
            found = self._api(
                request.method,
                request.url.raw_path.decode(),
                headers=dict(request.headers),
                content=request.read(),
            )
            return httpx.Response(found.status_code, headers=found.headers, content=found.content)

        return httpx.MockTransport(handle)


@pytest.fixture
def batch(pool: FakePool) -> ProofJob:
    """A real batch that waits, and nothing else."""
    pool.cancel_from(271, 1)
    real = real_batch()
    job = ProofJob(271, "alpha", 1, bytes(32), real.batch_input, real.public_input)
    pool.submit(job)
    return job


@pytest.fixture
def outside(api: Api, pool: FakePool) -> Iterator[tuple[HttpPool, Connected]]:
    connected = Connected(api)
    client = HttpPool("http://hub", pool.create_token("basement"), connected.transport())
    yield client, connected
    client.close()


def test_a_prover_from_outside_proves_a_batch(
    outside: tuple[HttpPool, Connected], pool: FakePool, batch: ProofJob
) -> None:
    client, connected = outside
    assert client.backend() == "unproven"
    loop = WorkerLoop(
        WorkerCard("outside", "life-1", "unproven", os.getpid(), "outside"),
        UnprovenProver,
        client,
        heartbeat_s=0.1,
        on_stuck=lambda: None,
    )
    connected.down = True
    loop.start()
    time.sleep(0.2)
    connected.down = False
    wait_for(lambda: pool.find(271, 1).state is JobState.DONE)
    loop.stop()
    assert pool.find(271, 1).worker == "outside-basement"
    assert [(prover.proofs_taken, prover.proofs_refused) for prover in pool.outside()] == [(1, 0)]


def test_a_wrong_proof_is_refused_and_counted_and_too_many_shut_the_prover_out(
    outside: tuple[HttpPool, Connected], pool: FakePool, batch: ProofJob
) -> None:
    client, _ = outside
    liar = WorkerCard("outside", "life-1", "unproven", 1, "outside")
    for sequence in range(1, 4):
        taken = client.take(liar, sequence, 0.0)
        assert taken is not None and taken.batch_input == batch.batch_input
        with pytest.raises(Exception, match="wrong"):
            client.finish(liar, taken.lease, b"trust me")
        assert pool.find(271, 1).state is JobState.READY, "it goes to somebody else, at no charge"
    assert pool.find(271, 1).attempts == 0
    with pytest.raises(TokenRefused):
        client.take(liar, 4, 0.0)
    (prover,) = pool.outside()
    assert (prover.proofs_taken, prover.proofs_refused) == (0, 3) and prover.revoked_at is not None


def test_leases_are_checked_from_outside_too(
    outside: tuple[HttpPool, Connected], pool: FakePool, batch: ProofJob
) -> None:
    client, connected = outside
    card = WorkerCard("outside", "life-1", "unproven", 1, "outside")
    taken = client.take(card, 1, 0.0)
    assert taken is not None
    other = HttpPool("http://hub", pool.create_token("attic"), connected.transport())
    with pytest.raises(Exception, match="no longer holds"):
        other.finish(card, taken.lease, b"")
    assert client.heartbeat(card, taken.lease)
    pool.cancel(271, 1)
    assert not client.heartbeat(card, taken.lease)
    with pytest.raises(Exception, match="no longer holds"):
        client.finish(card, taken.lease, b"")
    connected.down = True
    with pytest.raises(HubUnreachable, match="connection refused"):
        client.leave(card)
    connected.down = False
    client.leave(card)
    other.close()
    assert not any(thread.name == "work" for thread in threading.enumerate())
