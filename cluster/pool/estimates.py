"""How long a job will take, learned from those that have been done."""

from dataclasses import dataclass, field

from cluster.pool.jobs import JobInfo
from cluster.pool.store import JobStore

#: Latest proved jobs of a program that its rates are taken over.
_WINDOW = 20
#: What a job is expected to take before the first has been done. A guess that is too high would put whoever comes later
#: behind; with nothing charged in advance, chains are served in turn until something is known.
FIRST_GUESS_S = 0.0
_LEAST_S = 0.001


@dataclass(frozen=True, slots=True)
class Rates:
    """Prover seconds per cycle and per byte of input; 0: not known yet."""

    per_cycle: float = 0.0
    per_byte: float = 0.0

    def seconds(self, cycles: int, input_bytes: int) -> float:
        """What a job is expected to take: by its cycles where they are known, else by the size of its input."""
        if cycles and self.per_cycle:
            return max(_LEAST_S, cycles * self.per_cycle)
        if self.per_byte:
            return max(_LEAST_S, input_bytes * self.per_byte)
        return FIRST_GUESS_S


@dataclass(slots=True)
class Estimator:
    """Rates of every program, kept until another job of it is done."""

    store: JobStore
    _rates: dict[bytes, Rates] = field(default_factory=dict)

    def seconds(self, job: JobInfo) -> float:
        """Prover seconds that a job is expected to take."""
        return self._rates_of(job.key.program_id).seconds(job.cycles, job.input_bytes)

    def backlog_s(self) -> float:
        """Prover seconds that all waiting jobs are expected to take."""
        total = 0.0
        for program, cycles, input_bytes in self.store.work_waiting():
            rates = self._rates_of(program)
            total += cycles * rates.per_cycle + input_bytes * rates.per_byte
        return total

    def _rates_of(self, program: bytes) -> Rates:
        if program not in self._rates:
            timed_s, cycles, all_s, input_bytes = self.store.work_done(program, _WINDOW)
            self._rates[program] = Rates(timed_s / cycles if cycles else 0.0, all_s / max(1, input_bytes))
        return self._rates[program]

    def learn(self, program_id: bytes) -> None:
        """A job of this program has been done."""
        self._rates.pop(program_id, None)
