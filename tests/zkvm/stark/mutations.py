"""Where the parts of a proof lie in its bytes, and what must become of a proof that is not the honest one."""

import time
from collections.abc import Iterator

import pytest

from tests.zkvm.stark.honest import Honest
from zkvm.stark.errors import VerificationError
from zkvm.stark.layout import FINAL_COEFFICIENTS, layout
from zkvm.stark.proof import MAGIC

SLOW_SECONDS = 2.0


def refused(made: Honest, data: bytes, error: type[VerificationError] = VerificationError) -> VerificationError:
    """The error with which the verifier refuses these bytes, in good time."""
    assert data != made.proof.to_bytes()
    started = time.thread_time()  # not the wall clock: other tests run beside this one
    with pytest.raises(error) as caught:
        made.verify(data)
    assert time.thread_time() - started < SLOW_SECONDS
    assert str(caught.value)
    return caught.value


def regions(made: Honest) -> Iterator[tuple[str, int, int]]:
    """Name, begin and end of every part of the encoding, by walking over it."""
    proof, profile = made.proof, made.profile
    shape = layout(made.toy.machine, profile, proof.log_heights)
    offset = 0

    def part(name: str, length: int) -> tuple[str, int, int]:
        nonlocal offset
        offset += length
        return name, offset - length, offset

    yield part("magic", len(MAGIC))
    for name in ("version", "profile", "number of tables"):
        yield part(name, 2)
    yield part("heights", len(proof.log_heights))
    for name in ("main root", "aux root", "quotient root"):
        yield part(name, profile.node_bytes)
    yield part("totals", 24 * len(proof.totals))
    yield part("openings", 24 * shape.openings)
    yield part("layer roots", profile.node_bytes * len(shape.folds))
    yield part("final", 24 * FINAL_COEFFICIENTS)
    yield part("nonce", 8)
    for stage, opening in zip(shape.stages, proof.stages, strict=True):
        for level, rows in zip(stage.levels, opening.rows, strict=True):
            yield part(f"{stage.name} count", 2)
            yield part(f"{stage.name} rows", 8 * level.width * len(rows))
        yield part(f"{stage.name} node count", 2)
        yield part(f"{stage.name} nodes", profile.node_bytes * len(opening.nodes))
    for number, (fold, layer) in enumerate(zip(shape.folds, proof.layers, strict=True)):
        yield part(f"layer {number} count", 2)
        yield part(f"layer {number} leaves", (24 << fold) * len(layer.leaves))
        yield part(f"layer {number} node count", 2)
        yield part(f"layer {number} nodes", profile.node_bytes * len(layer.nodes))
    assert offset == len(proof.to_bytes())
