"""The hub's memory: goals, facts and operations, in one SQLite file of the data directory.

The controller is its only writer. Every change is one transaction that is on disk when the method returns, so a
controller that is killed at any point finds here what to go on with.
"""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final, Self

from ecosystem.config import public
from ecosystem.errors import ChainExists, RegistryCorrupt, UnknownChain, UnknownOperation
from ecosystem.records import ChainFacts, ChainRecord, Event, L1Payment, OperationRecord, StepRecord
from ecosystem.settings import ChainSettings
from ecosystem.states import (
    OPERATION_TRANSITIONS,
    PHASE_TRANSITIONS,
    STEP_TRANSITIONS,
    Goal,
    OperationKind,
    OperationStatus,
    Phase,
    StepStatus,
    check_transition,
)

FILE_NAME: Final = "hub.db"
#: Key of the fact that holds the addresses of the hub's L1 contracts.
ECOSYSTEM_FACT: Final = "l1/ecosystem"
PROOFS_FACT: Final = "l1/proofs"
TOKENS_FACT: Final = "tokens"
PROVERS_FACT: Final = "provers"
L1_FACT: Final = "l1/node"
"""Port and genesis timestamp of the embedded L1."""
L1_PREMINE_FACT: Final = "l1/premine"
_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE chains (
    name TEXT PRIMARY KEY, chain_id INTEGER NOT NULL UNIQUE, goal TEXT NOT NULL, phase TEXT NOT NULL,
    settings TEXT NOT NULL, facts TEXT NOT NULL, created_at_ms INTEGER NOT NULL, error TEXT NOT NULL
) STRICT;
CREATE TABLE operations (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, chain TEXT NOT NULL,
    status TEXT NOT NULL, created_at_ms INTEGER NOT NULL, ended_at_ms INTEGER,
    error TEXT NOT NULL, hint TEXT NOT NULL
) STRICT;
CREATE TABLE steps (
    operation_id TEXT NOT NULL REFERENCES operations (id), position INTEGER NOT NULL, name TEXT NOT NULL,
    status TEXT NOT NULL, started_at_ms INTEGER, ended_at_ms INTEGER, detail TEXT NOT NULL,
    PRIMARY KEY (operation_id, position)
) STRICT;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, operation_id TEXT NOT NULL, kind TEXT NOT NULL,
    chain TEXT NOT NULL, step TEXT NOT NULL, status TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_operation ON events (operation_id, seq);
CREATE TABLE payments (key TEXT PRIMARY KEY, hash BLOB NOT NULL, raw BLOB NOT NULL) STRICT;
"""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Registry:
    """Goals, facts and operations. Safe to use from several threads.

    Args:
        connection: As :meth:`open` makes it.
        on_event: Called with every new event, after its commit.
        now_ms: Clock, Unix milliseconds.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        on_event: Callable[[Event], None] | None = None,
        now_ms: Callable[[], int] = _now_ms,
    ) -> None:
        self._db = connection
        self._on_event = on_event
        self._now_ms = now_ms
        self._lock = threading.RLock()

    @classmethod
    def open(
        cls,
        directory: Path,
        on_event: Callable[[Event], None] | None = None,
        now_ms: Callable[[], int] = _now_ms,
    ) -> Self:
        """Open the registry of a data directory, or create it.

        Raises:
            RegistryCorrupt: The file is damaged, or of another version.
        """
        path = directory / FILE_NAME
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
        db.row_factory = sqlite3.Row
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
            elif version != _VERSION:
                raise RegistryCorrupt(
                    f"{path} was written by another version of zkhub (schema {version}, this one knows {_VERSION})",
                    hint="use that version, or another data directory",
                )
            elif (fault := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise RegistryCorrupt(f"{path} is damaged: {fault}", hint="restore it from a backup")
        except sqlite3.DatabaseError as error:
            db.close()
            raise RegistryCorrupt(f"{path} is damaged: {error}", hint="restore it from a backup") from error
        except RegistryCorrupt:
            db.close()
            raise
        return cls(db, on_event, now_ms)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    # -- facts about the hub ----------------------------------------------------------------------------

    def fact(self, key: str) -> Any:
        """A JSON value kept under ``key``, or None."""
        row = self._one("SELECT value FROM facts WHERE key = ?", key)
        return None if row is None else json.loads(row["value"])

    def set_fact(self, key: str, value: Any) -> None:
        """Keep a JSON value under ``key``."""
        with self._change():
            self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (key, json.dumps(value)))

    # -- chains -----------------------------------------------------------------------------------------

    def chains(self) -> list[ChainRecord]:
        """All chains, removed ones included, in the order of their creation."""
        return [_chain(row) for row in self._all("SELECT * FROM chains ORDER BY created_at_ms, name")]

    def chain(self, name: str) -> ChainRecord:
        """A chain.

        Raises:
            UnknownChain: There is none of this name.
        """
        row = self._one("SELECT * FROM chains WHERE name = ?", name)
        if row is None:
            raise UnknownChain(name, [chain.name for chain in self.chains()])
        return _chain(row)

    def add_chain(
        self, name: str, settings: ChainSettings, steps: Sequence[str], port: int | None = None
    ) -> OperationRecord:
        """Register a chain together with the operation that creates it, and the port it shall have.

        A chain whose creation failed may be registered anew, with other settings.

        Raises:
            ChainExists: The name or the id is taken; nothing is changed.
        """
        with self._change():
            facts = replace(self.check_free(name, settings.id), port=port)
            stored, kept = json.dumps(public(settings)), json.dumps(asdict(facts))
            self._db.execute(
                "INSERT OR REPLACE INTO chains VALUES (?, ?, ?, ?, ?, ?, ?, '')",
                (name, settings.id, Goal.RUNNING, Phase.CREATING, stored, kept, self._now_ms()),
            )
            return self._add_operation(OperationKind.CREATE, name, steps)

    def set_goal(
        self, name: str, goal: Goal, kind: OperationKind, steps: Sequence[str], phase: Phase | None = None
    ) -> OperationRecord:
        """Change what a chain shall be, together with the operation that brings it there."""
        with self._change():
            self._db.execute("UPDATE chains SET goal = ? WHERE name = ?", (goal, self.chain(name).name))
            if phase is not None:
                self.set_phase(name, phase)
            return self._add_operation(kind, name, steps)

    def set_phase(self, name: str, phase: Phase, error: str = "") -> None:
        """Move a chain on in its life.

        Raises:
            IllegalTransition: It cannot go there from where it is.
        """
        with self._change():
            check_transition(f"chain {name}", PHASE_TRANSITIONS, self.chain(name).phase, phase)
            self._db.execute("UPDATE chains SET phase = ?, error = ? WHERE name = ?", (phase, error, name))

    def update_settings(self, name: str, settings: ChainSettings) -> None:
        """Give a chain new settings; they apply at its next start."""
        with self._change():
            stored = json.dumps(public(settings))
            self._db.execute("UPDATE chains SET settings = ? WHERE name = ?", (stored, name))

    def update_facts(self, name: str, **changes: Any) -> ChainFacts:
        """Set some facts of a chain and return all."""
        with self._change():
            facts = replace(self.chain(name).facts, **changes)
            self._db.execute("UPDATE chains SET facts = ? WHERE name = ?", (json.dumps(asdict(facts)), name))
            return facts

    def check_free(self, name: str, chain_id: int) -> ChainFacts:
        """The facts a new chain begins with: none, or those of its failed predecessor of the same id.

        Raises:
            ChainExists: The name or the id is taken.
        """
        facts = ChainFacts()
        for chain in self.chains():
            if chain.name == name and chain.phase is not Phase.FAILED:
                raise ChainExists(
                    f'there is already a chain "{name}" (id {chain.chain_id}, {chain.phase})',
                    hint="choose another name",
                )
            if chain.chain_id == chain_id and chain.name != name:
                raise ChainExists(
                    f'chain id {chain_id} belongs to "{chain.name}" ({chain.phase})', hint="choose another id"
                )
            if chain.name == name and chain.chain_id == chain_id:
                facts = chain.facts
        return facts

    # -- operations -------------------------------------------------------------------------------------

    def add_operation(self, kind: OperationKind, chain: str, steps: Sequence[str]) -> OperationRecord:
        """Register something to do."""
        with self._change():
            return self._add_operation(kind, chain, steps)

    def operation(self, operation_id: str) -> OperationRecord:
        """An operation.

        Raises:
            UnknownOperation: There is none of this id.
        """
        row = self._one("SELECT * FROM operations WHERE id = ?", operation_id)
        if row is None:
            raise UnknownOperation(operation_id)
        return self._operation(row)

    def operations(
        self, *, chain: str | None = None, open_only: bool = False, limit: int = 100
    ) -> list[OperationRecord]:
        """Operations, the latest first."""
        terms = ["1"] + ["chain = :chain"] * (chain is not None)
        terms += ["status IN ('pending', 'running')"] * open_only
        query = f"SELECT * FROM operations WHERE {' AND '.join(terms)} ORDER BY number DESC LIMIT :limit"
        with self._lock:
            rows = self._db.execute(query, {"chain": chain, "limit": limit}).fetchall()
            return [self._operation(row) for row in rows]

    def set_operation(self, operation_id: str, status: OperationStatus, *, error: str = "", hint: str = "") -> None:
        """Move an operation on.

        Raises:
            IllegalTransition: It cannot go there from where it is.
        """
        with self._change():
            operation = self.operation(operation_id)
            check_transition(f"operation {operation_id}", OPERATION_TRANSITIONS, operation.status, status)
            ended = self._now_ms() if status in (OperationStatus.DONE, OperationStatus.FAILED) else None
            self._db.execute(
                "UPDATE operations SET status = ?, error = ?, hint = ?, ended_at_ms = ? WHERE id = ?",
                (status, error, hint, ended, operation_id),
            )
            self._add_event(operation, "", status, error)

    def set_step(self, operation_id: str, name: str, status: StepStatus, detail: str = "") -> None:
        """Move a step on.

        Raises:
            IllegalTransition: It cannot go there from where it is.
        """
        with self._change():
            operation = self.operation(operation_id)
            position, step = next((i, s) for i, s in enumerate(operation.steps) if s.name == name)
            check_transition(f"step {name} of {operation_id}", STEP_TRANSITIONS, step.status, status)
            started = step.started_at_ms or self._now_ms()
            ended = self._now_ms() if status in (StepStatus.DONE, StepStatus.FAILED) else None
            self._db.execute(
                "UPDATE steps SET status = ?, started_at_ms = ?, ended_at_ms = ?, detail = ?"
                " WHERE operation_id = ? AND position = ?",
                (status, started, ended, detail, operation_id, position),
            )
            self._add_event(operation, name, status, detail)

    def _add_operation(self, kind: OperationKind, chain: str, steps: Iterable[str]) -> OperationRecord:
        operation_id = f"op-{secrets.token_hex(5)}"
        self._db.execute(
            "INSERT INTO operations (id, kind, chain, status, created_at_ms, error, hint)"
            " VALUES (?, ?, ?, ?, ?, '', '')",
            (operation_id, kind, chain, OperationStatus.PENDING, self._now_ms()),
        )
        self._db.executemany(
            "INSERT INTO steps VALUES (?, ?, ?, ?, NULL, NULL, '')",
            [(operation_id, i, name, StepStatus.PENDING) for i, name in enumerate(steps)],
        )
        operation = self.operation(operation_id)
        self._add_event(operation, "", OperationStatus.PENDING, "")
        return operation

    def _operation(self, row: sqlite3.Row) -> OperationRecord:
        rows = self._all("SELECT * FROM steps WHERE operation_id = ? ORDER BY position", row["id"])
        return OperationRecord(
            id=row["id"],
            kind=OperationKind(row["kind"]),
            chain=row["chain"],
            status=OperationStatus(row["status"]),
            created_at_ms=row["created_at_ms"],
            ended_at_ms=row["ended_at_ms"],
            error=row["error"],
            hint=row["hint"],
            steps=tuple(
                StepRecord(s["name"], StepStatus(s["status"]), s["started_at_ms"], s["ended_at_ms"], s["detail"])
                for s in rows
            ),
        )

    # -- events -----------------------------------------------------------------------------------------

    def events_after(self, seq: int, *, operation_id: str | None = None, limit: int = 500) -> list[Event]:
        """Events with a higher number than ``seq``, in order."""
        term = "" if operation_id is None else "AND operation_id = :operation"
        query = f"SELECT * FROM events WHERE seq > :seq {term} ORDER BY seq LIMIT :limit"
        with self._lock:
            rows = self._db.execute(query, {"seq": seq, "operation": operation_id, "limit": limit})
            return [Event(**dict(row)) for row in rows]

    def _add_event(self, operation: OperationRecord, step: str, status: str, detail: str) -> None:
        at_ms = self._now_ms()
        cursor = self._db.execute(
            "INSERT INTO events (at_ms, operation_id, kind, chain, step, status, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (at_ms, operation.id, operation.kind, operation.chain, step, status, detail),
        )
        seq = cursor.lastrowid or 0
        self._fresh.append(Event(seq, at_ms, operation.id, operation.kind, operation.chain, step, status, detail))

    # -- payments ---------------------------------------------------------------------------------------

    def payments(self, prefix: str) -> dict[str, L1Payment]:
        """Recorded L1 transactions whose key begins with ``prefix``."""
        rows = self._all("SELECT * FROM payments WHERE substr(key, 1, ?) = ?", len(prefix), prefix)
        return {row["key"]: L1Payment(row["key"], row["hash"], row["raw"]) for row in rows}

    def record_payments(self, payments: Iterable[L1Payment]) -> None:
        """Record transactions that are about to be sent, in place of earlier ones of the same key."""
        with self._change():
            self._db.executemany(
                "INSERT OR REPLACE INTO payments VALUES (?, ?, ?)", [(p.key, p.hash, p.raw) for p in payments]
            )

    # -- plumbing ---------------------------------------------------------------------------------------

    _depth = 0
    _fresh: list[Event]

    @contextmanager
    def _change(self) -> Iterator[None]:
        """One transaction; inner ones join it. Events are told once it is on disk."""
        with self._lock:
            if self._depth == 0:
                self._fresh = []
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")
                for event in self._fresh:
                    if self._on_event is not None:
                        self._on_event(event)

    def _one(self, query: str, *values: Any) -> sqlite3.Row | None:
        with self._lock:
            row: sqlite3.Row | None = self._db.execute(query, values).fetchone()
            return row

    def _all(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(query, values).fetchall()


def _chain(row: sqlite3.Row) -> ChainRecord:
    return ChainRecord(
        name=row["name"],
        chain_id=row["chain_id"],
        goal=Goal(row["goal"]),
        phase=Phase(row["phase"]),
        settings=ChainSettings.model_validate_json(row["settings"]),
        facts=ChainFacts(**json.loads(row["facts"])),
        created_at_ms=row["created_at_ms"],
        error=row["error"],
    )
