"""How a stored batch remembers what it claims: the CommitBatchInfo without its pubdata, and the roots it relied on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from chain_template.batcher.output import BatchOutput
from chain_template.errors import BatchError
from contracts.messages import DA_CALLDATA, CommitBatchInfo, InteropFlow, InteropRoot

_SEPARATE = ("operator_da_input", "interop_flows")


@dataclass(frozen=True, slots=True)
class StoredClaim:
    """What L1 must be told of a batch.

    Attributes:
        commit: Without the operator's DA input.
        dependency_roots: What L1 must have had, told at execution.
    """

    commit: CommitBatchInfo
    dependency_roots: tuple[InteropRoot, ...] = ()

    @classmethod
    def of(cls, output: BatchOutput) -> "StoredClaim":
        """The claim of a batch just built."""
        return cls(output.commit, output.dependency_roots)

    def with_pubdata(self, pubdata: bytes) -> CommitBatchInfo:
        """The commit as L1 takes it: pubdata goes with it when the scheme says calldata."""
        shown = pubdata if self.commit.da_commitment_scheme == DA_CALLDATA else b""
        return replace(self.commit, operator_da_input=shown)

    def to_json(self) -> str:
        """One JSON object: numbers as numbers, bytes as hex."""
        content: dict[str, Any] = {
            field.name: _plain(getattr(self.commit, field.name))
            for field in fields(CommitBatchInfo)
            if field.name not in _SEPARATE
        }
        content["interop_flows"] = [
            [flow.destination_chain_id, flow.asset_id.hex(), str(flow.amount)] for flow in self.commit.interop_flows
        ]
        content["dependency_roots"] = [
            [root.chain_id, root.block_or_batch_number, [side.hex() for side in root.sides]]
            for root in self.dependency_roots
        ]
        return json.dumps(content, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "StoredClaim":
        """Read :meth:`to_json`'s text.

        Raises:
            BatchError: It is something else.
        """
        try:
            content: Mapping[str, Any] = json.loads(text)
            plain: dict[str, Any] = {
                field.name: _typed(content[field.name], field.type)
                for field in fields(CommitBatchInfo)
                if field.name not in _SEPARATE
            }
            commit = CommitBatchInfo(
                **plain,
                operator_da_input=b"",
                interop_flows=tuple(
                    InteropFlow(chain_id, bytes.fromhex(asset_id), int(amount))
                    for chain_id, asset_id, amount in content["interop_flows"]
                ),
            )
            roots = tuple(
                InteropRoot(chain_id, number, tuple(bytes.fromhex(side) for side in sides))
                for chain_id, number, sides in content["dependency_roots"]
            )
        except (ValueError, KeyError, TypeError) as exc:
            raise BatchError(f"a stored batch's commit info is damaged: {exc!r}") from exc
        return cls(commit, roots)


def _plain(value: int | bytes) -> int | str:
    return value.hex() if isinstance(value, bytes) else value


def _typed(value: Any, kind: Any) -> int | bytes:
    if kind is bytes:
        return bytes.fromhex(value)
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is not a number")
    return value
