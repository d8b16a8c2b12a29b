"""The protocol's prover in plain integers, written from docs/reference/zkvm/proof-format.md alone.

It is slow and says everything once: polynomials are lists, trees are lists of levels, every value of every domain is
computed. It shares nothing with zkvm.stark's prover, so that their proofs being equal means something.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from eth_hash.auto import keccak

from zkvm.air import Expression, Machine, Table
from zkvm.air.evaluate import OpenedPoint, at_point
from zkvm.air.expression import ColumnRef, PeriodicRef, RowRef, topological
from zkvm.air.scalars import Scalars, apply, lift
from zkvm.field import GENERATOR, P
from zkvm.field.scalar import ONE, ZERO, Ext, e_add, e_inv, e_mul, e_mul_base, e_pow, e_sub
from zkvm.stark.key import VerifyingKey, constraints_digest, root_heights
from zkvm.stark.profiles import Profile
from zkvm.stark.proof import LayerOpening, Proof, StageOpening
from zkvm.stark.transcript import Entry, Transcript, encode_elements, encode_words, statement

Column = list[int]
FillAux = Callable[[str, Sequence[Column], Mapping[str, Ext]], list[list[Ext]]]


@dataclass
class Witness:
    """What a prover knows: columns by table, and how to fill the machine's own aux columns."""

    main: dict[str, list[Column]]
    fixed: dict[str, list[Column]] = field(default_factory=dict)
    public: list[int] = field(default_factory=list)
    fill_aux: FillAux | None = None


# -- polynomials and domains ----------------------------------------------------------------------------------------


@cache
def root(log_size: int) -> int:
    return pow(GENERATOR, (P - 1) >> log_size, P)


def reverse(value: int, bits: int) -> int:
    return sum((value >> i & 1) << (bits - 1 - i) for i in range(bits))


def log2(size: int) -> int:
    assert size > 0 and size & (size - 1) == 0
    return size.bit_length() - 1


def transform(values: Sequence[int], w: int) -> list[int]:
    """Σ_i values_i w^(ij) for every j."""
    if len(values) == 1:
        return list(values)
    even, odd = transform(values[0::2], w * w % P), transform(values[1::2], w * w % P)
    result, factor = [0] * len(values), 1
    for j in range(len(even)):
        result[j] = (even[j] + factor * odd[j]) % P
        result[j + len(even)] = (even[j] - factor * odd[j]) % P
        factor = factor * w % P
    return result


def evaluate(coefficients: Sequence[int], shift: int, size: int) -> list[int]:
    scaled = [c * pow(shift, i, P) % P for i, c in enumerate(coefficients)]
    return transform(scaled + [0] * (size - len(scaled)), root(log2(size)))


def interpolate(values: Sequence[int], shift: int = 1) -> list[int]:
    size = len(values)
    raw = transform(values, pow(root(log2(size)), -1, P))
    down, inverse = pow(size, -1, P), pow(shift, -1, P)
    return [c * down * pow(inverse, i, P) % P for i, c in enumerate(raw)]


def horner(coefficients: Sequence[int], x: Ext) -> Ext:
    result = ZERO
    for c in reversed(coefficients):
        result = e_add(e_mul(result, x), (c, 0, 0))
    return result


# -- trees ----------------------------------------------------------------------------------------------------------


@dataclass
class Tree:
    """All nodes: level → position → node; and the matrices injected by level."""

    matrices: dict[int, list[list[Column]]]
    nodes: dict[int, list[bytes]]

    @property
    def root(self) -> bytes:
        return self.nodes[0][0]

    def row(self, level: int, position: int) -> tuple[int, ...]:
        index = reverse(position, level)
        return tuple(column[index] for matrix in self.matrices[level] for column in matrix)

    def siblings(self, level: int, positions: set[int]) -> tuple[bytes, ...]:
        found = []
        while level:
            found += [self.nodes[level][p ^ 1] for p in sorted(positions) if p ^ 1 not in positions]
            positions = {p >> 1 for p in positions}
            level -= 1
        return tuple(found)


def make_tree(matrices: Sequence[list[Column]], node_bytes: int) -> Tree:
    by_level: dict[int, list[list[Column]]] = {}
    for matrix in matrices:
        by_level.setdefault(log2(len(matrix[0])), []).append(matrix)
    tree = Tree(by_level, {})
    top = max(by_level)
    for level in range(top, -1, -1):
        digests = []
        for position in range(1 << level):
            hashed = b""
            if level < top:
                hashed = tree.nodes[level + 1][2 * position] + tree.nodes[level + 1][2 * position + 1]
            if level in by_level:
                hashed += keccak(encode_words(tree.row(level, position)))[:node_bytes]
            digests.append(hashed if level == top else keccak(hashed)[:node_bytes])
        tree.nodes[level] = digests
    return tree


# -- the machine's values on the trace --------------------------------------------------------------------------------


def row_values(table: Table, roots: list[Expression], columns: list[Column], row: int, scalars: Scalars) -> list[Ext]:
    """Formulas over fixed and main columns in one row."""
    height = len(columns[0])
    values: dict[Expression, Ext] = {}
    for node in topological(roots):
        leaf = node.leaf
        if node.args:
            values[node] = apply(node.op, [values[arg] for arg in node.args])
        elif isinstance(leaf, ColumnRef):
            index = leaf.index + (0 if leaf.stage == "fixed" else len(table.fixed))
            values[node] = lift(columns[index][(row + leaf.rotation) % height])
        elif isinstance(leaf, PeriodicRef):
            period = scalars.values(table.periodic[leaf.index].values, log2(height))
            values[node] = period[(row + leaf.rotation) % len(period)]
        elif isinstance(leaf, RowRef):
            values[node] = lift(int(row == leaf.index % height))
        else:
            values[node] = scalars.leaf(node, log2(height))
    return [values[expression] for expression in roots]


def bus_columns(table: Table, columns: list[Column], scalars: Scalars) -> tuple[list[list[Ext]], Ext]:
    """The columns h_1, …, s and the total S."""
    if not table.groups:
        return [], ZERO
    height = len(columns[0])
    roots = [part for group in table.groups for part in (group.numerator, group.denominator)]
    fractions = [
        [e_mul(values[2 * g], e_inv(values[2 * g + 1])) for g in range(len(table.groups))]
        for values in (row_values(table, roots, columns, row, scalars) for row in range(height))
    ]
    total = ZERO
    for row in fractions:
        for value in row:
            total = e_add(total, value)
    step = e_mul_base(total, pow(height, -1, P))
    running = [ZERO]
    for row in fractions:
        value = e_sub(running[-1], step)
        for fraction in row:
            value = e_add(value, fraction)
        running.append(value)
    assert running.pop() == ZERO
    return [[row[g] for row in fractions] for g in range(len(table.groups) - 1)] + [running], total


def flatten(columns: Sequence[Sequence[Ext]]) -> list[Column]:
    return [[value[i] for value in column] for column in columns for i in range(3)]


# -- key and proof --------------------------------------------------------------------------------------------------


def extend(columns: Sequence[Column], log_tallest: int, profile: Profile) -> list[Column]:
    """Columns of a table over its own evaluation domain."""
    height = len(columns[0])
    shift = pow(GENERATOR, (1 << log_tallest) // height, P)
    return [evaluate(interpolate(column), shift, height * profile.blowup) for column in columns]


def make_key(
    machine: Machine, fixed: Mapping[str, list[Column]], parameters: Mapping[str, int], profile: Profile
) -> VerifyingKey:
    heights = {table.name: len(fixed[table.name][0]) for table in machine.tables if table.keyed}
    roots = {
        log_height: make_tree(
            [extend(fixed[table.name], log_height, profile) for table in machine.tables if table.fixed],
            profile.node_bytes,
        ).root
        for log_height in root_heights(machine, heights)
    }
    return VerifyingKey(
        machine.name, profile.log_blowup, profile.node_bytes, parameters, heights, roots, constraints_digest(machine)
    )


class SlowProver:
    """One proof; the steps are those of the protocol."""

    def __init__(self, machine: Machine, key: VerifyingKey, witness: Witness, profile: Profile) -> None:
        self.machine, self.key, self.witness, self.profile = machine, key, witness, profile
        self.heights = [len(witness.main[table.name][0]) for table in machine.tables]
        self.height = max(self.heights)
        self.size = self.height * profile.blowup
        self.log: list[Entry] = []
        self.listed: list[Ext] = []
        self.transcript = Transcript(self.log)
        # stage → list of (table index or −1, base columns on the trace or chunk's coefficients)
        self.coefficients: list[list[tuple[int, list[Column]]]] = []
        self.values: list[list[tuple[int, list[Column]]]] = []
        self.trees: list[Tree | None] = []

    def prove(self) -> Proof:
        machine, profile, transcript = self.machine, self.profile, self.transcript
        log_heights = [log2(height) for height in self.heights]
        transcript.absorb("statement", statement(profile.id, self.key.hash, self.witness.public, log_heights))
        self.commit([(i, self.witness.fixed[t.name]) for i, t in enumerate(machine.tables) if t.fixed])
        main_root = self.commit([(i, self.witness.main[t.name]) for i, t in enumerate(machine.tables) if t.main])
        transcript.absorb("main root", main_root)
        challenges = {name: transcript.challenge(name) for name in machine.all_challenges}

        aux, totals = self.aux_columns(challenges)
        aux_root = self.commit(aux)
        listed = self.listed = [totals[i] for i, table in enumerate(machine.tables) if table.interactions]
        transcript.absorb("aux root and totals", aux_root + encode_elements(listed))
        alpha = transcript.challenge("alpha")

        chunks = self.quotient(alpha, totals, challenges)
        quotient_root = self.commit_coefficients([(-1, chunks)])
        transcript.absorb("quotient root", quotient_root)
        z = transcript.challenge("z")

        openings = self.openings(z)
        transcript.absorb("openings", encode_elements(openings))
        deep = self.deep(z, openings, transcript.challenge("delta"))
        layer_roots, layers, final = self.fold(deep)
        transcript.absorb("final polynomial", encode_elements(final))
        nonce = self.grind()
        transcript.absorb("nonce", encode_words([nonce]))
        positions = transcript.positions(profile.queries, log2(self.size))
        return Proof(
            profile.id,
            tuple(log_heights),
            main_root,
            aux_root,
            quotient_root,
            tuple(listed),
            tuple(openings),
            tuple(layer_roots),
            tuple(final),
            nonce,
            tuple(self.open_stage(tree, positions) for tree in self.trees),
            tuple(self.open_layer(layer, positions) for layer in layers),
        )

    # stages

    def commit(self, columns: list[tuple[int, list[Column]]]) -> bytes:
        return self.commit_coefficients([(i, [interpolate(c) for c in table]) for i, table in columns])

    def commit_coefficients(self, columns: list[tuple[int, list[Column]]]) -> bytes:
        self.coefficients.append(columns)
        self.values.append(
            [
                (
                    i,
                    [
                        evaluate(c, pow(GENERATOR, self.height // len(c), P), len(c) * self.profile.blowup)
                        for c in table
                    ],
                )
                for i, table in columns
            ]
        )
        matrices = [table for _, table in self.values[-1]]
        self.trees.append(make_tree(matrices, self.profile.node_bytes) if matrices else None)
        tree = self.trees[-1]
        return tree.root if tree else bytes(self.profile.node_bytes)

    def scalars(self, challenges: Mapping[str, Ext], total: Ext = ZERO) -> Scalars:
        return Scalars(challenges, self.witness.public, self.key.parameters, total)

    def aux_columns(self, challenges: Mapping[str, Ext]) -> tuple[list[tuple[int, list[Column]]], dict[int, Ext]]:
        columns: list[tuple[int, list[Column]]] = []
        totals: dict[int, Ext] = {}
        for i, table in enumerate(self.machine.tables):
            own: list[list[Ext]] = []
            main = self.witness.main[table.name]
            if table.own_aux:
                assert self.witness.fill_aux
                own = self.witness.fill_aux(table.name, main, challenges)
            base = self.witness.fixed.get(table.name, []) + main
            bus, totals[i] = bus_columns(table, base, self.scalars(challenges))
            if own or bus:
                columns.append((i, flatten(own + bus)))
        return columns, totals

    def row_of(self, stage: int, table: int, index: int) -> list[int]:
        for i, columns in self.values[stage]:
            if i == table:
                return [column[index % len(column)] for column in columns]
        return []

    def quotient(self, alpha: Ext, totals: Mapping[int, Ext], challenges: Mapping[str, Ext]) -> list[Column]:
        """Coefficients of the base columns of q_0, q_1, q_2."""
        b, chunks = self.profile.blowup, []
        for j in range(3):
            shift = GENERATOR * pow(root(log2(self.size)), j, P) % P
            vanishing = pow((pow(shift, self.height, P) - 1) % P, -1, P)
            values = []
            for i in range(self.height):
                x = shift * pow(root(log2(self.height)), i, P) % P
                combined = self.constraints_at(x, j + b * i, alpha, totals, challenges)
                values.append(e_mul_base(combined, vanishing))
            chunks += [interpolate(column, shift) for column in flatten([values])]
        return chunks

    def constraints_at(
        self, x: int, index: int, alpha: Ext, totals: Mapping[int, Ext], challenges: Mapping[str, Ext]
    ) -> Ext:
        result, power = ZERO, ONE
        for t, table in enumerate(self.machine.tables):
            rows = [self.row_of(stage, t, index) for stage in range(3)]
            ahead = [self.row_of(stage, t, index + self.profile.blowup) for stage in range(3)]
            names = ("fixed", "main", "aux")
            point = OpenedPoint(
                log2(self.heights[t]),
                (pow(x, self.height // self.heights[t], P), 0, 0),
                {name: [lift(v) for v in rows[s]] for s, name in enumerate(names)},
                {name: [lift(ahead[s][c]) for c in table.uses_next(name)] for s, name in enumerate(names)},
                self.scalars(challenges, totals[t]),
            )
            for value in at_point(table, point):
                result = e_add(result, e_mul(power, value))
                power = e_mul(power, alpha)
        return result

    def columns(self) -> list[tuple[int, int, int, Column]]:
        """(stage, table, column in its table, coefficients) of all base columns in order."""
        return [
            (s, t, c, column)
            for s, stage in enumerate(self.coefficients)
            for t, table in stage
            for c, column in enumerate(table)
        ]

    def next_numbers(self) -> list[int]:
        return [
            number
            for number, (s, t, c, _) in enumerate(self.columns())
            if s < 3 and c in self.machine.tables[t].uses_next(("fixed", "main", "aux")[s])
        ]

    def openings(self, z: Ext) -> list[Ext]:
        columns = self.columns()
        ahead = e_mul_base(z, root(log2(self.height)))
        here = [horner(column, e_pow(z, self.height // len(column))) for _, _, _, column in columns]
        there = [horner(columns[n][3], e_pow(ahead, self.height // len(columns[n][3]))) for n in self.next_numbers()]
        return here + there

    def point(self, index: int) -> int:
        return GENERATOR * pow(root(log2(self.size)), index, P) % P

    def deep(self, z: Ext, openings: Sequence[Ext], delta: Ext) -> list[Ext]:
        columns = self.columns()
        count = len(columns)
        powers = [e_pow(delta, c) for c in range(3 * count)]
        terms: list[tuple[int, Ext, Ext, Ext]] = [(c, powers[c], openings[c], z) for c in range(count)]
        ahead = e_mul_base(z, root(log2(self.height)))
        terms += [(c, powers[count + c], openings[count + i], ahead) for i, c in enumerate(self.next_numbers())]
        for c, (s, _, _, column) in enumerate(columns):
            k = self.height // len(column)
            if s in (1, 2) and k > 1:
                terms.append((c, powers[2 * count + c], openings[c], e_mul_base(z, root(log2(k)))))
        values = [column for stage in self.values for _, table in stage for column in table]
        result = []
        for index in range(self.size):
            x = self.point(index)
            inverses = {point: e_inv(e_sub((x, 0, 0), point)) for point in {term[3] for term in terms}}
            total = ZERO
            for c, weight, claimed, point in terms:
                above = e_sub(lift(values[c][index % len(values[c])]), claimed)
                total = e_add(total, e_mul(e_mul(weight, above), inverses[point]))
            result.append(total)
        return result

    def fold(self, values: list[Ext]) -> tuple[list[bytes], list[tuple[Tree, int, int]], list[Ext]]:
        """Roots; for each layer its tree, arity and the log of all folds up to it; the final polynomial."""
        height, shift, folded = self.height, GENERATOR, 0
        roots, layers = [], []
        while height > 64:
            arity = min(8, height // 64)
            leaves = len(values) // arity
            matrix = flatten([values[u * leaves : (u + 1) * leaves] for u in range(arity)])
            tree = make_tree([matrix], self.profile.node_bytes)
            self.transcript.absorb(f"layer {len(roots)}", tree.root)
            beta = self.transcript.challenge(f"beta {len(roots)}")
            folded += log2(arity)
            roots.append(tree.root)
            layers.append((tree, arity, folded))
            omega = root(log2(arity))
            after = []
            for m in range(leaves):
                y = shift * pow(root(log2(len(values))), m, P) % P
                total = ZERO
                for d in range(arity):
                    part = ZERO
                    for u in range(arity):
                        part = e_add(part, e_mul_base(values[m + u * leaves], pow(omega, -u * d, P)))
                    scale = e_mul_base(e_pow(beta, d), pow(arity * pow(y, d, P), -1, P))
                    total = e_add(total, e_mul(scale, part))
                after.append(total)
            values, height, shift = after, height // arity, pow(shift, arity, P)
        coefficients = [interpolate(column, shift) for column in flatten([values])]
        self.excess = [c for column in coefficients for c in column[64:]]
        c0, c1, c2 = (column[:64] for column in coefficients)
        return roots, layers, list(zip(c0, c1, c2, strict=True))

    def grind(self) -> int:
        nonce = 0
        while int.from_bytes(keccak(self.transcript.state + encode_words([nonce])), "big") >> (
            256 - self.profile.grinding_bits
        ):
            nonce += 1
        return nonce

    # openings of trees

    def open_stage(self, tree: Tree | None, positions: Sequence[int]) -> StageOpening:
        if tree is None:
            return StageOpening((), ())
        levels = sorted(tree.matrices, reverse=True)
        above = log2(self.size)
        rows = tuple(
            tuple(tree.row(level, p) for p in sorted({p >> (above - level) for p in positions})) for level in levels
        )
        return StageOpening(rows, tree.siblings(levels[0], {p >> (above - levels[0]) for p in positions}))

    def open_layer(self, layer: tuple[Tree, int, int], positions: Sequence[int]) -> LayerOpening:
        tree, _, folded = layer
        (level,) = tree.matrices
        wanted = {p >> folded for p in positions}
        leaves = []
        for position in sorted(wanted):
            flat = iter(tree.row(level, position))
            leaves.append(tuple(zip(flat, flat, flat, strict=True)))
        return LayerOpening(tuple(leaves), tree.siblings(level, wanted))
