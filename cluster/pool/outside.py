"""Provers that are no part of the cluster: who they are, by tokens of which only hashes are kept."""

import hashlib
import re
import secrets
from dataclasses import dataclass

from cluster.errors import OutsideProverExists, TokenRefused, UnknownOutsideProver
from cluster.pool.store import JobStore

_PREFIX = "zkp_"
_NAME = re.compile(r"^[a-z][a-z0-9-]{0,31}$")


@dataclass(frozen=True, slots=True)
class OutsideProver:
    """A prover that may join over HTTP. Times are seconds since the epoch.

    Attributes:
        revoked_at: Since when its token is worth nothing; None: it is good.
        proofs_taken, proofs_refused: Proofs of its that were checked, and held or did not.
        failures: Attempts of its that failed since the latest proof that held.
    """

    name: str
    created_at: float
    revoked_at: float | None
    proofs_taken: int
    proofs_refused: int
    failures: int

    @property
    def worker(self) -> str:
        """Its name among the pool's workers."""
        return worker_of(self.name)


def worker_of(name: str) -> str:
    """What a prover from outside is called among the pool's workers."""
    return f"outside-{name}"


class OutsideProvers:
    """The list of them. Not thread-safe: the pool's lock guards it; writing happens in its transactions."""

    def __init__(self, store: JobStore) -> None:
        self._store = store

    def create(self, name: str, now: float) -> str:
        """A new token for a prover of this name; shown now and never again.

        Raises:
            OutsideProverExists: There is one of this name, or it is no name.
        """
        if not _NAME.match(name):
            raise OutsideProverExists(f'"{name}" is no name: a letter, then up to 31 lower-case letters, digits or -')
        if any(known.name == name for known in self.all()):
            raise OutsideProverExists(f'there has been a prover "{name}" already', hint="choose another name")
        token = _PREFIX + secrets.token_urlsafe(32)
        self._store.change(
            "INSERT INTO outside (name, token_hash, created_at) VALUES (?, ?, ?)", (name, _hash(token), now)
        )
        return token

    def revoke(self, name: str, now: float) -> None:
        """Make a token worth nothing.

        Raises:
            UnknownOutsideProver: There is none of this name.
        """
        changed = self._store.change(
            "UPDATE outside SET revoked_at = coalesce(revoked_at, ?) WHERE name = ?", (now, name)
        )
        if changed.rowcount == 0:
            raise UnknownOutsideProver(name, [known.name for known in self.all()])

    def all(self) -> list[OutsideProver]:
        """Every prover that was ever given a token, by name."""
        return [
            OutsideProver(
                name=row["name"],
                created_at=row["created_at"],
                revoked_at=row["revoked_at"],
                proofs_taken=row["proofs_taken"],
                proofs_refused=row["proofs_refused"],
                failures=row["failures"],
            )
            for row in self._store.rows("SELECT * FROM outside ORDER BY name")
        ]

    def of_token(self, token: str) -> OutsideProver:
        """Whose token it is.

        Raises:
            TokenRefused: Nobody's, or it has been revoked.
        """
        # What is looked up is a hash of 256 random bits: the time it takes tells nothing about the token.
        rows = self._store.rows("SELECT name FROM outside WHERE token_hash = ?", (_hash(token),))
        found = next((known for known in self.all() if rows and known.name == rows[0][0]), None)
        if found is None or found.revoked_at is not None:
            raise TokenRefused
        return found

    def of_worker(self, worker: str) -> OutsideProver | None:
        """The prover from outside that is this worker; None for a worker of the cluster."""
        return next((known for known in self.all() if known.worker == worker), None)

    def count(self, name: str, *, held: bool) -> OutsideProver:
        """Note that a proof held, or did not."""
        what = "proofs_taken = proofs_taken + 1, failures = 0" if held else "proofs_refused = proofs_refused + 1"
        return self._change(name, what)

    def count_failure(self, name: str) -> OutsideProver:
        """Note that an attempt failed."""
        return self._change(name, "failures = failures + 1")

    def forgive(self, name: str) -> OutsideProver:
        """Forget the attempts that failed."""
        return self._change(name, "failures = 0")

    def _change(self, name: str, what: str) -> OutsideProver:
        self._store.change(f"UPDATE outside SET {what} WHERE name = ?", (name,))
        return next(known for known in self.all() if known.name == name)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
