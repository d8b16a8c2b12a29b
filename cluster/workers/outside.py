"""A prover that is no part of the cluster: takes jobs from a hub's API over HTTP, and hands proofs in there."""

import base64
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import httpx

from cluster.errors import HubUnreachable, ProofRefused, StaleLease, TokenRefused
from cluster.pool.jobs import Assignment, JobKey, Progress, WorkerCard
from cluster.workers.backends import make_backend
from cluster.workers.loop import WorkerLoop
from zkhub.errors import HubError

_PREFIX: Final = "/v1/outside"
_TIMEOUT_S: Final = 20.0
#: Seconds that handing a proof in may take: it is checked meanwhile.
_SUBMIT_TIMEOUT_S: Final = 180.0
_HEARTBEAT_S: Final = 2.0
#: Seconds between two questions for work.
_ASK_AGAIN_S: Final = 1.0
_PROBLEM: Final = "urn:zkhub:problem:"


class HttpPool:
    """The pool of a hub on another machine, as :class:`cluster.workers.loop.Pool` has it.

    Every method raises :class:`HubUnreachable` while the hub does not answer, and :class:`TokenRefused` when it does
    not take the token.

    Args:
        url: The hub's API.
        token: The prover's.
        transport: Of the HTTP client; tests bring their own.
    """

    def __init__(self, url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT_S,
            transport=transport,
            trust_env=False,
        )
        self.url = url
        self.is_shut_out = threading.Event()

    def backend(self) -> str:
        """What makes the proofs that are wanted there."""
        return str(self._ask("GET", "/backend")["backend"])

    def take(self, card: WorkerCard, sequence: int, wait_s: float) -> Assignment | None:
        """The next job; where there is none, None after ``wait_s`` or a second, whichever is less."""
        job = self._ask(
            "POST",
            "/pick",
            json={
                "incarnation": card.incarnation,
                "sequence": sequence,
                "memory_bytes": card.memory_bytes,
            },
        )
        if job is None:
            time.sleep(min(wait_s, _ASK_AGAIN_S))
            return None
        return Assignment(
            lease=job["lease"],
            key=JobKey(job["chain_id"], job["batch"], bytes.fromhex(job["program_id"][2:])),
            chain_name=job["chain"],
            public_input=bytes.fromhex(job["public_input"][2:]),
            batch_input=base64.b64decode(job["input_base64"]),
            attempt=job["attempt"],
        )

    def heartbeat(self, card: WorkerCard, lease: int | None, progress: Progress | None = None) -> bool:
        """A sign of life; False: give the lease up."""
        far = None
        if progress is not None:
            far = {
                "stage": progress.stage,
                "number": progress.number,
                "stages": progress.stages,
                "fraction": min(1.0, max(0.0, progress.fraction)),
            }
        life = {
            "incarnation": card.incarnation,
            "lease": lease,
            "progress": far,
            "memory_bytes": card.memory_bytes,
        }
        return bool(self._ask("POST", "/heartbeat", json=life)["go_on"])

    def finish(self, card: WorkerCard, lease: int, proof: bytes) -> None:
        """Hand a proof in; raises StaleLease, and ProofRefused when it does not stand up to the hub's check."""
        self._ask(
            "POST",
            "/submit",
            params={"incarnation": card.incarnation, "lease": lease},
            content=proof,
            timeout=_SUBMIT_TIMEOUT_S,
        )

    def refuse(self, card: WorkerCard, lease: int, error: str) -> None:
        """Say that the batch is wrong."""
        self._fail(card, lease, error, refused=True, needs_bytes=0)

    def fail(self, card: WorkerCard, lease: int, error: str, needs_bytes: int = 0) -> None:
        """Say that the attempt failed, and how much memory it turned out to need."""
        self._fail(card, lease, error, refused=False, needs_bytes=needs_bytes)

    def leave(self, card: WorkerCard) -> None:
        """Say goodbye."""
        self._ask("POST", "/leave", json={"incarnation": card.incarnation})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _fail(self, card: WorkerCard, lease: int, error: str, *, refused: bool, needs_bytes: int) -> None:
        failure = {
            "incarnation": card.incarnation,
            "lease": lease,
            "error": error[:4_000],
            "refused": refused,
            "needs_bytes": needs_bytes,
        }
        self._ask("POST", "/fail", json=failure)

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = self._client.request(method, _PREFIX + path, **more)
        except httpx.HTTPError as error:
            raise HubUnreachable(self.url, str(error) or type(error).__name__) from error
        if answer.is_success:
            return answer.json()
        raise self._refusal(answer)

    def _refusal(self, answer: httpx.Response) -> HubError:
        try:
            problem = answer.json()
            kind, detail = str(problem["type"]).removeprefix(_PROBLEM), str(problem["detail"])
        except (ValueError, KeyError, TypeError):
            return HubUnreachable(self.url, f"it answers {answer.status_code}")
        if kind == "stale-lease":
            return StaleLease(detail)
        if kind == "proof-refused":
            return ProofRefused.as_told(detail)
        if kind in {"prover-token-refused", "token-missing"}:
            self.is_shut_out.set()
            return TokenRefused()
        return HubUnreachable(self.url, detail)


def prove_for(url: str, token: str, memory_bytes: int | None, say: Callable[[str], None]) -> None:
    """Prove for the hub at ``url`` until SIGINT or SIGTERM, or until the hub takes the token no more.

    Raises:
        HubUnreachable: The hub does not answer at the start; later it is waited for.
        TokenRefused: It does not take the token.
        UnknownBackend: It wants proofs that this version cannot make.
    """
    pool = HttpPool(url, token)
    backend = pool.backend()
    card = WorkerCard("outside", secrets.token_hex(8), backend, os.getpid(), "outside", memory_bytes)
    loop = WorkerLoop(
        card,
        lambda: make_backend(backend, memory_bytes),
        pool,
        heartbeat_s=_HEARTBEAT_S,
        on_stuck=lambda: os._exit(70),
    )
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    loop.start()
    say(f"proves with {backend} for {url} until Ctrl-C")
    done = 0
    while not ended.wait(0.5) and not pool.is_shut_out.is_set():
        status = loop.status()
        if status.jobs_done != done:
            done = status.jobs_done
            say(f"{done} proofs handed in")
    loop.stop()
    pool.close()
    if pool.is_shut_out.is_set():
        raise TokenRefused
