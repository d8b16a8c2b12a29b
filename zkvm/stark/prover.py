"""The prover: the protocol step by step. Each step's work is in a file of its own."""

from collections.abc import Callable, Mapping, Sequence

from zkvm.air import Machine
from zkvm.air.scalars import Scalars
from zkvm.backends.interface import Backend
from zkvm.field.scalar import Ext
from zkvm.stark.checks import checked_layout
from zkvm.stark.commit import Commitment, Fraction, TableSource, commit, silent
from zkvm.stark.constraints import Constraints, constraints_for
from zkvm.stark.deep import deep_coefficients
from zkvm.stark.device_memory import keep_extensions
from zkvm.stark.domains import table_domain
from zkvm.stark.errors import DegenerateChallenge
from zkvm.stark.fri import fold_all
from zkvm.stark.key import ProvingKey
from zkvm.stark.layout import AUX, MAIN, QUOTIENT, Layout
from zkvm.stark.logup import fill_aux
from zkvm.stark.openings import open_columns
from zkvm.stark.profiles import Profile
from zkvm.stark.proof import Proof
from zkvm.stark.queries import open_queries
from zkvm.stark.quotient import Committed, quotient_chunks
from zkvm.stark.refusals import WrongFixedColumns
from zkvm.stark.setup import commit_fixed, fixed_blocks
from zkvm.stark.trace import Columns, Deferred, Trace, Witness, taken
from zkvm.stark.transcript import Entry, Transcript, encode_elements, encode_words, statement

Progress = Callable[[str, float], None]
STAGES = ("commit main", "logup", "commit aux", "quotient", "openings", "deep", "fri", "grind", "queries")


def prove(
    machine: Machine,
    key: ProvingKey,
    trace: Trace,
    public: Sequence[int],
    profile: Profile,
    backend: Backend,
    progress: Progress | None = None,
    *,
    memory_limit: int | None = None,
    log: list[Entry] | None = None,
) -> Proof:
    """Prove that the machine with this key has an execution with these public words.

    A trace that breaks a constraint gives a proof that no verifier accepts; ``zkvm.air.debug`` says where it breaks.

    Args:
        machine: The definition of all tables.
        key: The program.
        trace: The witness.
        public: The public words, each below 2^32.
        profile: Blow-up, queries, grinding, nodes.
        backend: Computes; every backend gives the same proof.
        progress: Told which of ``STAGES`` is under way and the fraction of it that is done.
        memory_limit: Bytes of the host that the process may use; what the machine has free, without it.
        log: Where to record the transcript, for tests.

    Raises:
        WrongKey: The key is of another machine or another profile.
        WrongPublics: Not the machine's number of words, or one is no 32-bit word.
        InvalidTrace, InvalidFixed: Columns are missing, misshapen, of a wrong height, or not field elements.
        WrongHeights, TooManyInteractions: No proof may have tables of these heights.
        InsecureParameters: The provable bits at these heights are below the profile's target.
        ProofDoesNotFit, ProofDoesNotFitDevice: The memory forecast exceeds the limit.
        WrongFixedColumns: The key's columns do not give its root.
    """
    # 0. Refuse what cannot be proven, before any work.
    shape = checked_layout(machine, key, trace, public, profile)
    made = {name for name, columns in trace.main.items() if isinstance(columns, Deferred)}
    keep = keep_extensions(shape, backend, memory_limit, made)
    constraints = constraints_for(machine, backend)
    work = _Work(shape, backend, keep, progress)

    # 1. The statement.
    transcript = Transcript(log)
    transcript.absorb("statement", statement(profile.id, key.vk.hash, public, shape.log_heights))

    # 2. The witness is committed; then the challenges that buses and the machine's own columns need.
    fixed = work.commit_fixed(key)
    main = work.commit("commit main", MAIN, dict(trace.main))
    transcript.absorb("main root", work.root(main))
    challenges = {name: transcript.challenge(name) for name in machine.all_challenges}

    # 3. The aux columns are committed, and what each table's messages add up to.
    known = Scalars(challenges, tuple(public), key.vk.parameters)
    aux_columns, totals = work.fill_aux(trace, key, (fixed, main), known, constraints)
    aux = work.commit("commit aux", AUX, aux_columns)
    claimed = tuple(totals[index] for index in shape.totals)
    transcript.absorb("aux root and totals", work.root(aux) + encode_elements(claimed))
    alpha = transcript.challenge("alpha")

    # 4. The quotient is committed.
    scalars = [Scalars(known.challenges, known.publics, known.parameters, total) for total in totals]
    committed = Committed((fixed, main, aux), scalars)
    chunks = quotient_chunks(shape, committed, alpha, constraints, backend, work.report("quotient"))
    quotient = work.commit_quotient(chunks)
    transcript.absorb("quotient root", work.root(quotient))

    # 5. Every column is opened at one point outside of every domain.
    z = transcript.challenge("z")
    if z[1] == z[2] == 0:
        raise DegenerateChallenge("the out-of-domain point lies in the base field; change the witness's padding")
    stages = (fixed, main, aux, quotient)
    openings = open_columns(_sources(stages), z, shape.log_height, backend, work.report("openings"))
    transcript.absorb("openings", encode_elements(openings.values))

    # 6. One polynomial stands for all openings; FRI folds it to 64 coefficients.
    deep = deep_coefficients(openings, shape, transcript.challenge("delta"), backend, work.report("deep"))
    folding = fold_all(deep, shape, transcript, backend, keep=keep, report=work.report("fri"))
    del deep
    transcript.absorb("final polynomial", encode_elements(folding.final))

    # 7. Work, then the positions to open.
    nonce = work.grind(transcript.state, profile.grinding_bits)
    transcript.absorb("nonce", encode_words([nonce]))
    positions = transcript.positions(profile.queries, shape.log_domain)

    # 8. The opened rows and leaves.
    opened, leaves = open_queries(stages, folding.layers, positions, shape, backend, work.report("queries"))
    return Proof(
        profile_id=profile.id,
        log_heights=shape.log_heights,
        main_root=work.root(main),
        aux_root=work.root(aux),
        quotient_root=work.root(quotient),
        totals=claimed,
        openings=openings.values,
        layer_roots=tuple(layer.root for layer in folding.layers),
        final=folding.final,
        nonce=nonce,
        stages=opened,
        layers=leaves,
    )


class _Work:
    """What the steps of one proof share: its layout, backend, memory plan and progress."""

    def __init__(self, shape: Layout, backend: Backend, keep: bool, progress: Progress | None) -> None:
        self._shape, self._backend, self._keep, self._progress = shape, backend, keep, progress
        self._columns: dict[int, list[TableSource]] = {}

    def report(self, stage: str) -> Fraction:
        """Where a stage tells how far it is."""

        def tell(fraction: float) -> None:
            if self._progress is not None:
                self._progress(stage, fraction)

        tell(0.0)
        return tell

    def commit_fixed(self, key: ProvingKey) -> Commitment[TableSource] | None:
        """The fixed columns' tree beside the tables of this proof; it must have the key's root."""
        blocks = fixed_blocks(self._shape.machine, key.vk.heights)
        if not blocks:
            return None
        coefficients = [
            self._backend.interpolate(key.fixed[self._shape.machine.tables[block.table].name]) for block in blocks
        ]
        profile, log_height = self._shape.profile, self._shape.log_height
        found = commit_fixed(blocks, coefficients, log_height, profile, self._backend, keep=self._keep)
        if found.root != key.vk.roots[log_height]:
            raise WrongFixedColumns(f"the fixed columns do not give the key's root for 2^{log_height} rows")
        return found

    def commit(self, stage: str, number: int, columns: dict[str, Witness]) -> Commitment[TableSource] | None:
        """Interpolate, extend and hash the columns that the tables have in a stage; nothing where there are none.

        ``columns`` is emptied on the way: coefficients take the place of values, which are made one table at a time
        where they are deferred.
        """
        tables = self._shape.machine.tables
        blocks = self._shape.stages[number].blocks
        report = self.report(stage)
        coefficients = [self._backend.interpolate(taken(columns.pop(tables[block.table].name))) for block in blocks]
        if blocks:
            return self._commit(number, coefficients, report)
        report(1.0)
        return None

    def commit_quotient(self, chunks: Columns) -> Commitment[TableSource]:
        """Extend and hash the quotient's chunks, of which the coefficients are known."""
        return self._commit(QUOTIENT, [chunks], silent)

    def _commit(self, number: int, coefficients: Sequence[Columns], report: Fraction) -> Commitment[TableSource]:
        shape, profile = self._shape, self._shape.profile
        sources = [
            TableSource(block, table_domain(block.log_height, shape.log_height, profile.log_blowup), values)
            for block, values in zip(shape.stages[number].blocks, coefficients, strict=True)
        ]
        return commit(sources, profile.log_blowup, profile.node_bytes, self._backend, keep=self._keep, report=report)

    def root(self, commitment: Commitment[TableSource] | None) -> bytes:
        """A stage's root; zeros where the machine has no columns."""
        return bytes(self._shape.profile.node_bytes) if commitment is None else commitment.root

    def fill_aux(
        self,
        trace: Trace,
        key: ProvingKey,
        committed: Sequence[Commitment[TableSource] | None],
        scalars: Scalars,
        constraints: Constraints,
    ) -> tuple[dict[str, Witness], list[Ext]]:
        """Every table's aux columns by name, and every table's total; ``committed`` are the fixed and main stages."""
        report = self.report("logup")
        columns: dict[str, Witness] = {}
        totals: list[Ext] = []
        tables = self._shape.machine.tables
        fixed, main = committed
        for index, (table, log_height) in enumerate(zip(tables, self._shape.log_heights, strict=True)):
            total: Ext = (0, 0, 0)
            if table.aux:
                read = self._values(main, index, trace.main), self._values(fixed, index, key.fixed)
                columns[table.name], total = fill_aux(
                    table, trace, *read, scalars, log_height, constraints, self._backend
                )
                del read  # before the next table's take their place
            totals.append(total)
            report(len(totals) / len(tables))
        return columns, totals

    def _values(
        self, committed: Commitment[TableSource] | None, table: int, witness: Mapping[str, Witness]
    ) -> Columns | None:
        """The columns that a table has in a stage, on the trace; None where it has none."""
        for source in () if committed is None else committed.sources:
            if source.block.table == table:
                return source.values(witness[self._shape.machine.tables[table].name], self._backend)
        return None

    def grind(self, state: bytes, bits: int) -> int:
        """The smallest nonce that gives the next state so many leading zero bits."""
        report = self.report("grind")
        nonce = self._backend.grind(state, bits)
        report(1.0)
        return nonce


def _sources(stages: Sequence[Commitment[TableSource] | None]) -> list[TableSource]:
    return [source for stage in stages if stage is not None for source in stage.sources]
