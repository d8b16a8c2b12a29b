"""The pool's durable queue: one SQLite file, every change one synced transaction."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cluster.durable import DurableFile, FileErrors
from cluster.errors import PoolStoreCorrupt, PoolStoreError, PoolStoreFull
from cluster.pool.jobs import JobInfo, JobKey, JobState, check_transition

_VERSION = 3
_SCHEMA_1 = """
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chain_id INTEGER NOT NULL,
    batch_number INTEGER NOT NULL,
    program_id BLOB NOT NULL,
    chain_name TEXT NOT NULL,
    public_input BLOB NOT NULL,
    input_digest TEXT NOT NULL,
    input_bytes INTEGER NOT NULL,
    state TEXT NOT NULL,
    lease INTEGER,                      -- of the latest attempt; it is held only while the state is 'running'
    attempts INTEGER NOT NULL,
    not_before REAL NOT NULL,
    queued_at REAL NOT NULL,
    started_at REAL,
    finished_at REAL,
    worker TEXT,
    error TEXT,
    proof_digest TEXT,
    proof_bytes INTEGER NOT NULL,
    UNIQUE (chain_id, batch_number, program_id)
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, chain_id, batch_number);
CREATE INDEX jobs_by_lease ON jobs (lease);
CREATE INDEX jobs_by_chain_lease ON jobs (chain_id, lease);
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
INSERT INTO counters VALUES ('lease', 0);
"""
#: What version 2 added: states pending and ready apart, accounts of chains, decisions, provers from outside.
_TO_2 = """
ALTER TABLE jobs ADD COLUMN cycles INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN memory_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN deadline REAL;
ALTER TABLE jobs ADD COLUMN head_at REAL;
ALTER TABLE jobs ADD COLUMN estimate_s REAL NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN share REAL NOT NULL DEFAULT 1;
CREATE INDEX jobs_by_memory ON jobs (state, memory_bytes);
CREATE INDEX jobs_by_head ON jobs (head_at) WHERE head_at IS NOT NULL;
CREATE INDEX jobs_pressed ON jobs (chain_id, batch_number) WHERE urgent = 1 OR deadline IS NOT NULL;
CREATE TABLE accounts (
    chain_id INTEGER PRIMARY KEY,
    weight REAL NOT NULL,
    reserved REAL NOT NULL,
    virtual_s REAL NOT NULL,
    used_s REAL NOT NULL,
    served INTEGER NOT NULL,
    active INTEGER NOT NULL,
    deadline_s REAL NOT NULL
) STRICT;
INSERT INTO accounts SELECT chain_id, 1, 0, 0, 0, coalesce(MAX(lease), 0), 0, 0 FROM jobs GROUP BY chain_id;
CREATE TABLE clock (virtual_s REAL NOT NULL) STRICT;
INSERT INTO clock VALUES (0);
CREATE TABLE drains (worker TEXT PRIMARY KEY) STRICT;   -- the empty name stands for the whole pool
CREATE TABLE decisions (
    lease INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    job_id INTEGER NOT NULL,
    chain_id INTEGER NOT NULL,
    batch_number INTEGER NOT NULL,
    worker TEXT NOT NULL,
    rule TEXT NOT NULL,
    clock_s REAL NOT NULL,
    figures TEXT NOT NULL               -- JSON: one object for each job that was looked at, the chosen one first
) STRICT;
CREATE INDEX decisions_by_job ON decisions (job_id);
CREATE TABLE outside (
    name TEXT PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    created_at REAL NOT NULL,
    revoked_at REAL,
    proofs_taken INTEGER NOT NULL DEFAULT 0,
    proofs_refused INTEGER NOT NULL DEFAULT 0
) STRICT;
"""
#: What version 3 added: failed attempts of a prover from outside since its latest proof.
_TO_3 = """
ALTER TABLE outside ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
"""
#: More than any memory.
_MOST = 2**62
_UNFINISHED = "state NOT IN ('done', 'settled', 'cancelled')"
_REBUILD = "Move the pool's directory away: the chains submit their unproved batches again."


_ERRORS = FileErrors(other=PoolStoreError, corrupt=PoolStoreCorrupt, full=PoolStoreFull, repair_hint=_REBUILD)


class JobStore(DurableFile):
    """The jobs on disk. Not thread-safe: the pool's lock guards it."""

    def __init__(self, path: Path) -> None:
        """Open the queue at ``path``, or create it.

        Raises:
            PoolStoreCorrupt: The file is damaged, not ours, or of another version.
            PoolStoreFull: The disk refuses to create it.
        """
        super().__init__(path, _SCHEMA_1 + _TO_2 + _TO_3, _VERSION, _ERRORS, {1: _TO_2, 2: _TO_3})

    # Writing; inside a transaction.

    def insert(self, job: JobInfo) -> JobInfo:
        """Add a job; its id is given here, and its chain has an account from now on."""
        self._db.execute("INSERT OR IGNORE INTO accounts VALUES (?, 1, 0, 0, 0, 0, 0, 0)", (job.key.chain_id,))
        values = _values(job)
        columns = ", ".join(values)
        marks = ", ".join("?" * len(values))
        row = self._db.execute(f"INSERT INTO jobs ({columns}) VALUES ({marks})", tuple(values.values()))
        assert row.lastrowid is not None
        return replace(job, id=row.lastrowid)

    def update(self, old: JobInfo, new: JobInfo) -> JobInfo:
        """Write ``new`` over ``old``.

        Raises:
            IllegalJobTransition: The state machine has no such step.
        """
        if new.state is not old.state:
            check_transition(old.id, old.state, new.state)
        values = _values(new)
        if new.lease is None:
            # The number of the latest lease stays: it says when its chain was last served.
            del values["lease"]
        columns = ", ".join(f"{name} = ?" for name in values)
        self._db.execute(f"UPDATE jobs SET {columns} WHERE id = ?", (*values.values(), old.id))
        return new

    def next_lease(self) -> int:
        """A number that no attempt had before, in this life of the pool or an earlier one."""
        row = self._db.execute("UPDATE counters SET value = value + 1 WHERE name = 'lease' RETURNING value").fetchone()
        return int(row[0])

    def forget_oldest(self, keep: int) -> None:
        """Remove all but the ``keep`` latest of the jobs that nobody waits for."""
        self._db.execute(
            "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state IN ('settled', 'cancelled')"
            " ORDER BY id DESC LIMIT -1 OFFSET ?)",
            (keep,),
        )

    # Reading.

    def last_lease(self) -> int:
        """The number of the latest attempt."""
        return int(self._one("SELECT value FROM counters WHERE name = 'lease'")[0])

    def find(self, key: JobKey) -> JobInfo | None:
        """The job of this key."""
        rows = self._jobs(
            "WHERE chain_id = ? AND batch_number = ? AND program_id = ?",
            (key.chain_id, key.batch_number, key.program_id),
        )
        return rows[0] if rows else None

    def of_batch(self, chain_id: int, batch_number: int) -> JobInfo | None:
        """The latest job of a batch, whatever its program, unless it is cancelled."""
        rows = self._jobs(
            "WHERE chain_id = ? AND batch_number = ? AND state != 'cancelled' ORDER BY queued_at DESC LIMIT 1",
            (chain_id, batch_number),
        )
        return rows[0] if rows else None

    def by_lease(self, lease: int) -> JobInfo | None:
        """The running job of this attempt; None when the attempt is over."""
        rows = self._jobs("WHERE lease = ? AND state = 'running'", (lease,))
        return rows[0] if rows else None

    def running(self, worker: str | None = None) -> list[JobInfo]:
        """Running jobs: all, or a worker's."""
        if worker is None:
            return self._jobs("WHERE state = 'running'")
        return self._jobs("WHERE state = 'running' AND worker = ?", (worker,))

    def in_states(self, states: Sequence[JobState], chain_id: int, first: int, last: int) -> list[JobInfo]:
        """Jobs of a chain's batches ``first`` to ``last`` that are in one of ``states``."""
        marks = ", ".join("?" * len(states))
        return self._jobs(
            f"WHERE state IN ({marks}) AND chain_id = ? AND batch_number BETWEEN ? AND ?",
            (*states, chain_id, first, last),
        )

    def waiting_after(self, moment: float) -> list[JobInfo]:
        """Jobs whose delay runs until later than ``moment``."""
        return self._jobs("WHERE state = 'pending' AND not_before > ?", (moment,))

    def newest(self, chain_id: int | None, state: JobState | None, limit: int) -> list[JobInfo]:
        """Jobs, the newest first, of one chain and in one state if they are given."""
        return self._jobs(
            "WHERE (?1 IS NULL OR chain_id = ?1) AND (?2 IS NULL OR state = ?2) ORDER BY id DESC LIMIT ?3",
            (chain_id, state, limit),
        )

    def chains_with_work(self) -> list[int]:
        """Every chain with a job that is ready or running."""
        rows = self._all(
            "SELECT chain_id FROM accounts a WHERE"
            " EXISTS (SELECT 1 FROM jobs WHERE state = 'ready' AND chain_id = a.chain_id)"
            " OR EXISTS (SELECT 1 FROM jobs WHERE state = 'running' AND chain_id = a.chain_id) ORDER BY chain_id"
        )
        return [row[0] for row in rows]

    # A plus keeps SQLite from an index that would find more rows than the one the order asks for.

    def first_ready(self, chain_id: int, memory_bytes: int | None) -> JobInfo | None:
        """The chain's lowest ready batch that needs no more memory, since proofs reach L1 in the order of batches."""
        rows = self._jobs(
            "WHERE state = 'ready' AND chain_id = ? AND +memory_bytes <= ? ORDER BY batch_number, id LIMIT 1",
            (chain_id, _MOST if memory_bytes is None else memory_bytes),
        )
        return rows[0] if rows else None

    def longest_first(self, memory_bytes: int | None) -> JobInfo | None:
        """The ready job that has been its chain's first for longest, and needs no more memory."""
        rows = self._jobs(
            "WHERE +state = 'ready' AND head_at IS NOT NULL AND +memory_bytes <= ? ORDER BY head_at LIMIT 1",
            (_MOST if memory_bytes is None else memory_bytes,),
        )
        return rows[0] if rows else None

    def urgency(self, chain_id: int, batch_number: int) -> tuple[bool, float | None]:
        """Whether a waiting job of this batch or a later one is urgent, and their earliest deadline."""
        row = self._all(
            "SELECT coalesce(MAX(urgent), 0), MIN(deadline) FROM jobs"
            " WHERE (urgent = 1 OR deadline IS NOT NULL) AND chain_id = ? AND batch_number >= ?"
            " AND state IN ('ready', 'pending')",
            (chain_id, batch_number),
        )[0]
        return bool(row[0]), row[1]

    def mark_first(self, chain_id: int, now: float) -> None:
        """Note since when a chain's lowest ready batch has been its first; inside a transaction."""
        self._db.execute(
            "UPDATE jobs SET head_at = ?1 WHERE head_at IS NULL AND id = (SELECT id FROM jobs"
            " WHERE state = 'ready' AND chain_id = ?2 ORDER BY batch_number, id LIMIT 1)",
            (now, chain_id),
        )

    def movable(self, now: float, largest: int | None) -> list[tuple[JobInfo, JobState]]:
        """Waiting jobs whose state time or the workers have changed, and the state they now have.

        Args:
            now: Delays up to then are over.
            largest: Memory of the largest worker; None: no limit is known.
        """
        most = _MOST if largest is None else largest
        freed = self._jobs("WHERE state = 'pending' AND not_before <= ? AND memory_bytes <= ?", (now, most))
        stuck = self._jobs("WHERE state = 'ready' AND memory_bytes > ?", (most,))
        return [(job, JobState.READY) for job in freed] + [(job, JobState.PENDING) for job in stuck]

    def waiting_before(self, job: JobInfo) -> int:
        """How many waiting jobs of its chain have lower batches."""
        rows = self._all(
            "SELECT COUNT(*) FROM jobs WHERE state IN ('ready', 'pending') AND chain_id = ? AND batch_number < ?",
            (job.key.chain_id, job.key.batch_number),
        )
        return int(rows[0][0])

    def by_id(self, job_id: int) -> JobInfo | None:
        """The job of this number."""
        rows = self._jobs("WHERE id = ?", (job_id,))
        return rows[0] if rows else None

    def work_waiting(self) -> list[tuple[bytes, int, int]]:
        """Program, cycles, and input bytes of those whose cycles are not known, of all waiting jobs."""
        rows = self._all(
            "SELECT program_id, SUM(cycles), SUM(CASE WHEN cycles = 0 THEN input_bytes ELSE 0 END) FROM jobs"
            " WHERE state IN ('ready', 'pending') GROUP BY program_id"
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def work_done(self, program_id: bytes, limit: int) -> tuple[float, int, float, int]:
        """Seconds and cycles of the latest proved jobs whose cycles are known; seconds and input bytes of all."""
        row = self._all(
            "SELECT coalesce(SUM(CASE WHEN cycles > 0 THEN ran END), 0.0), coalesce(SUM(cycles), 0),"
            " coalesce(SUM(ran), 0.0), coalesce(SUM(input_bytes), 0) FROM (SELECT cycles, input_bytes,"
            " finished_at - started_at AS ran FROM jobs WHERE state IN ('done', 'settled') AND program_id = ?"
            " ORDER BY lease DESC LIMIT ?)",
            (program_id, limit),
        )[0]
        return float(row[0]), int(row[1]), float(row[2]), int(row[3])

    def counts(self) -> list[tuple[int, str, JobState, int, float]]:
        """Chain id, its latest name, state, how many, and when the oldest of them was queued."""
        rows = self._all(
            "SELECT chain_id, chain_name, state, COUNT(*) AS jobs, MIN(queued_at) AS oldest, MAX(id)"
            " FROM jobs GROUP BY chain_id, state ORDER BY chain_id, state"
        )
        return [(row[0], row[1], JobState(row[2]), row[3], row[4]) for row in rows]

    def durations(self, limit: int) -> list[tuple[float, float]]:
        """Seconds waited and seconds run, of the latest proved jobs."""
        rows = self._all(
            "SELECT started_at - queued_at, finished_at - started_at FROM jobs"
            " WHERE state IN ('done', 'settled') ORDER BY lease DESC LIMIT ?",
            (limit,),
        )
        return [(row[0], row[1]) for row in rows]

    def needs_input(self, digest: str) -> bool:
        """Whether a job may still be run on this input."""
        rows = self._all(f"SELECT 1 FROM jobs WHERE input_digest = ? AND {_UNFINISHED} LIMIT 1", (digest,))
        return bool(rows)

    def needs_proof(self, digest: str) -> bool:
        """Whether a job's proof still waits to be settled."""
        return bool(self._all("SELECT 1 FROM jobs WHERE proof_digest = ? AND state = 'done' LIMIT 1", (digest,)))

    def digests(self) -> set[str]:
        """Digests of every file that a job still needs."""
        rows = self._all(
            f"SELECT input_digest FROM jobs WHERE {_UNFINISHED}"
            " UNION SELECT proof_digest FROM jobs WHERE state = 'done' AND proof_digest IS NOT NULL"
        )
        return {row[0] for row in rows}

    def _jobs(self, where: str, values: tuple[Any, ...] = ()) -> list[JobInfo]:
        return [_job(row) for row in self._all(f"SELECT * FROM jobs {where}", values)]

    def _all(self, statement: str, values: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        with self._translated():
            return self._db.execute(statement, values).fetchall()

    def _one(self, statement: str) -> sqlite3.Row:
        return self._all(statement)[0]


def _values(job: JobInfo) -> dict[str, Any]:
    """A job's columns, without its id."""
    return {
        "chain_id": job.key.chain_id,
        "batch_number": job.key.batch_number,
        "program_id": job.key.program_id,
        "chain_name": job.chain_name,
        "public_input": job.public_input,
        "input_digest": job.input_digest,
        "input_bytes": job.input_bytes,
        "state": job.state.value,
        "lease": job.lease,
        "attempts": job.attempts,
        "not_before": job.not_before,
        "queued_at": job.queued_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "worker": job.worker,
        "error": job.error,
        "proof_digest": job.proof_digest,
        "proof_bytes": job.proof_bytes,
        "cycles": job.cycles,
        "memory_bytes": job.memory_bytes,
        "urgent": int(job.urgent),
        "deadline": job.deadline,
        "head_at": job.head_at,
        "estimate_s": job.estimate_s,
        "share": job.share,
    }


def _job(row: sqlite3.Row) -> JobInfo:
    state = JobState(row["state"])
    return JobInfo(
        id=row["id"],
        key=JobKey(row["chain_id"], row["batch_number"], row["program_id"]),
        chain_name=row["chain_name"],
        public_input=row["public_input"],
        input_digest=row["input_digest"],
        input_bytes=row["input_bytes"],
        state=state,
        lease=row["lease"] if state is JobState.RUNNING else None,
        attempts=row["attempts"],
        not_before=row["not_before"],
        queued_at=row["queued_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        worker=row["worker"],
        error=row["error"],
        proof_digest=row["proof_digest"],
        proof_bytes=row["proof_bytes"],
        cycles=row["cycles"],
        memory_bytes=row["memory_bytes"],
        urgent=bool(row["urgent"]),
        deadline=row["deadline"],
        head_at=row["head_at"],
        estimate_s=row["estimate_s"],
        share=row["share"],
    )
