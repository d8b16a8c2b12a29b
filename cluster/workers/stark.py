"""The STARK prover: runs the batch program on a batch, proves the run, checks its own proof, and hands it in."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog

from chain_template.settlement.proofs import pack_parts
from cluster.errors import Abandoned, BatchRefused, OtherProgramWanted
from cluster.pool.jobs import Assignment, Progress
from cluster.workers.backends import Report, silent
from cluster.workers.memory import MachineMemory
from zkvm.backends.cpu import CpuBackend
from zkvm.backends.cpu.memory import POOL
from zkvm.emulator.emulator import Execution, run
from zkvm.emulator.errors import CycleLimitExceeded, GuestMemoryExceeded, GuestTrap, InputTooLarge
from zkvm.guest import batch_program, refusal, run_natively
from zkvm.machine.api import STAGES, Proven, prove_execution, verify
from zkvm.machine.errors import TableTooTall
from zkvm.machine.heights import heights_for
from zkvm.machine.key import key_for, user_cache
from zkvm.machine.machine import riscv
from zkvm.onchain import split
from zkvm.stark.key import ProvingKey
from zkvm.stark.memory import forecast
from zkvm.stark.profiles import Profile
from zkvm.stark.refusals import ProofDoesNotFit

log = structlog.get_logger(__name__)

Tell = Callable[[str, float], None]
"""Told which stage is under way and the fraction of it that is done."""

WAITING: Final = "wait for memory"
_CHECKING: Final = "check"
#: What an attempt goes through, in order.
ALL_STAGES: Final = (WAITING, *STAGES, _CHECKING)
#: Seconds between two looks at the memory that others use.
LOOK_S: Final = 1.0


@dataclass
class StarkProver:
    """Proves batches on this machine's processors, one at a time.

    Attributes:
        profile: The parameters of the proofs.
        memory_bytes: What a proof may take; what is free when it begins, where left out.
        patience_s: Seconds to wait for memory that others use; for that of other provers, as long as they take.
        machine_memory: What this machine's provers were promised.
    """

    profile: Profile
    memory_bytes: int | None = None
    patience_s: float = 120.0
    machine_memory: MachineMemory = field(default_factory=MachineMemory, repr=False)
    _key: ProvingKey | None = None

    def warm_up(self) -> None:
        """Make the batch program's keys, or find the verifying key in the user's cache."""
        self._key = key_for(batch_program(), self.profile, CpuBackend(), user_cache())

    def prove(self, assignment: Assignment, abandoned: threading.Event, report: Report = silent) -> bytes:
        """The parts of a proof that the batch program, on this input, puts out this public input.

        Raises:
            BatchRefused: The input is no valid batch, leads elsewhere, or is more than one proof holds.
            OtherProgramWanted: The chain asks for proofs of another program or profile than this prover makes.
            ProofDoesNotFit: There is not enough memory, and waiting did not help.
            Abandoned: Nobody wants the proof any more.
        """
        if self._key is None:
            self.warm_up()
        assert self._key is not None
        key = self._key
        if assignment.key.program_id != key.vk.hash:
            raise OtherProgramWanted(assignment.key.program_id, key.vk.hash, self.profile.name)
        tell = _teller(abandoned, report)
        self._check_natively(assignment)
        tell("execute", 0.0)
        execution = _execute(assignment)
        if execution.output_bytes != assignment.public_input:
            raise _elsewhere(assignment, execution.output_bytes)
        try:
            proven = self._compute(execution, key, tell)
        except TableTooTall as exc:
            raise BatchRefused(exc.message, reason="too-large") from exc
        finally:
            # What was lent for this proof is of no use to the other processes while this one waits for the next.
            POOL.give_back()
        tell(_CHECKING, 0.0)
        verify(key.vk, proven.output, self.profile, proven.proof)
        tell(_CHECKING, 0.5)
        parts = split(riscv(), key.vk, self.profile, proven.output, proven.proof)
        log.info(
            "proof made",
            chain=assignment.chain_name,
            batch=assignment.key.batch_number,
            cycles=execution.cycles,
            bytes=len(proven.proof),
            parts=len(parts),
        )
        return pack_parts(parts)

    def _compute(self, execution: Execution, key: ProvingKey, tell: Tell) -> Proven:
        """Prove a run, as soon as there is memory for it."""
        heights = heights_for(execution.program, execution.cost)

        def needed(limit: int) -> tuple[int, str]:
            found = forecast(riscv(), heights, self.profile, limit)
            return found.peak, found.peak_stage

        with self._promised(needed, tell) as limit:
            return prove_execution(execution, self.profile, key, CpuBackend(), tell, limit)

    def _check_natively(self, assignment: Assignment) -> None:
        """Refuse a wrong batch within milliseconds, and with the program's own reason."""
        done = run_natively(assignment.batch_input)
        if done.reason is not None:
            raise BatchRefused(f"the batch program refuses it: {done.reason}", reason=done.reason)
        if done.public_input != assignment.public_input:
            raise _elsewhere(assignment, done.public_input)

    @contextmanager
    def _promised(self, needed: Callable[[int], tuple[int, str]], tell: Tell) -> Iterator[int]:
        """Memory of the host for a proof, as soon as there is enough; the machine's other provers leave it to this one.

        Args:
            needed: Told a limit in bytes, says how many of them a proof takes (or would take, if more), and at which
                stage.
            tell: Told of the waiting.
        """

        def limit(free: int) -> int:
            return free if self.memory_bytes is None else min(free, self.memory_bytes)

        def fit(free: int) -> int | None:
            peak, _ = needed(limit(free))
            return peak if peak <= limit(free) else None

        with self.machine_memory.ticket() as ticket:
            began = time.monotonic()
            while (room := ticket.ask(fit)).promised is None:
                now = time.monotonic()
                began = now if room.in_line else began  # those in front will end
                waited = now - began
                if waited >= self.patience_s and not room.in_line:
                    peak, stage = needed(limit(room.free))
                    raise ProofDoesNotFit(peak, limit(room.free), stage)
                tell(WAITING, waited / self.patience_s if waited else 0.0)
                time.sleep(LOOK_S)
            yield room.promised


def _execute(assignment: Assignment) -> Execution:
    try:
        return run(batch_program(), assignment.batch_input)
    except (CycleLimitExceeded, GuestMemoryExceeded, InputTooLarge) as exc:
        raise BatchRefused(exc.message, reason="too-large") from exc
    except GuestTrap as trap:
        if (reason := refusal(trap)) is None:
            raise
        raise BatchRefused(f"the batch program in the zkVM refuses it: {reason}", reason=reason) from trap


def _elsewhere(assignment: Assignment, found: bytes) -> BatchRefused:
    return BatchRefused(
        f"batch {assignment.key.batch_number} of {assignment.chain_name}: the batch program gives public input "
        f"0x{found.hex()}, the batch claims 0x{assignment.public_input.hex()}",
        reason="public-input-mismatch",
    )


def _teller(abandoned: threading.Event, report: Report) -> Tell:
    """Passes progress on, and stops the work at the next sign of it when nobody wants it any more."""

    def tell(stage: str, fraction: float) -> None:
        if abandoned.is_set():
            raise Abandoned("nobody wants this proof any more")
        report(Progress(stage, ALL_STAGES.index(stage) + 1, len(ALL_STAGES), fraction))

    return tell
