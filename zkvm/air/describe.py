"""The canonical description of a machine: what golden files hold, what keys hash, what compiled kernels are for.

It names everything the protocol depends on; a formula is present by a digest of its graph.
"""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from zkvm.air.expression import STAGES, ColumnRef, Expression, PeriodicRef, RowRef, topological
from zkvm.air.table import Interaction, Table

if TYPE_CHECKING:
    from zkvm.air.machine import Machine

FORMAT = "zkhub-air-1"
_DIGEST_BYTES = 16


def describe(machine: "Machine") -> dict[str, Any]:
    """The description as a JSON value; key order does not matter, list order does."""
    return {
        "format": FORMAT,
        "name": machine.name,
        "challenges": list(machine.all_challenges),
        "publics": machine.publics,
        "parameters": list(machine.parameters),
        "buses": {bus.name: bus.id for bus in machine.buses},
        "constraints": machine.constraint_count,
        "tables": [_describe_table(table) for table in machine.tables],
    }


def canonical_json(machine: "Machine") -> bytes:
    """The description as bytes: keys sorted, no spaces, ASCII."""
    return json.dumps(describe(machine), sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def digest(machine: "Machine") -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(machine)).hexdigest()


def _describe_table(table: Table) -> dict[str, Any]:
    digests = _Digests()
    return {
        "name": table.name,
        "log_height": [table.min_log_height, table.max_log_height],
        "keyed": table.keyed,
        "width": {stage: table.width(stage) for stage in STAGES},
        "fixed": list(table.fixed),
        "main": list(table.main),
        "aux": list(table.aux),
        "own_aux": len(table.own_aux),
        "next": {stage: list(table.uses_next(stage)) for stage in STAGES},
        "periodic": [
            {
                "name": column.name,
                "period": column.period,
                "extension": column.extension,
                "digest": digests.of_many(column.values),
            }
            for column in table.periodic
        ],
        "max_degree": table.max_degree,
        "constraints": [
            {"id": constraint.id, "degree": constraint.degree, "digest": digests.of(constraint.expression)}
            for constraint in table.constraints
        ],
        "interactions": [_describe_interaction(interaction, digests) for interaction in table.interactions],
        "pack": table.pack,
        "groups": len(table.groups),
    }


def _describe_interaction(interaction: Interaction, digests: "_Digests") -> dict[str, Any]:
    return {
        "bus": interaction.bus.name,
        "sign": interaction.sign,
        "degree": [interaction.multiplicity.degree, max(entry.degree for entry in interaction.entries)],
        "entries": len(interaction.entries),
        "digest": digests.of_many((interaction.multiplicity, *interaction.entries)),
    }


class _Digests:
    """Digests of formulas, each node hashed once from its operation, its leaf and its operands' digests."""

    def __init__(self) -> None:
        self._known: dict[Expression, bytes] = {}

    def of(self, expression: Expression) -> str:
        for node in topological((expression,)):
            if node not in self._known:
                parts = [_leaf_bytes(node), *(self._known[arg] for arg in node.args)]
                self._known[node] = hashlib.sha256(b"\x00".join(parts)).digest()
        return self._known[expression][:_DIGEST_BYTES].hex()

    def of_many(self, expressions: tuple[Expression, ...]) -> str:
        return hashlib.sha256("".join(self.of(one) for one in expressions).encode()).hexdigest()[: 2 * _DIGEST_BYTES]


def _leaf_bytes(node: Expression) -> bytes:
    leaf = node.leaf
    if isinstance(leaf, ColumnRef):
        text = f"{leaf.stage} {leaf.index} {leaf.rotation}"
    elif isinstance(leaf, PeriodicRef):
        text = f"{leaf.index} {leaf.rotation}"
    elif isinstance(leaf, RowRef):
        text = str(leaf.index)
    else:
        text = "" if leaf is None else str(leaf)
    return f"{node.op.value} {text}".encode()
