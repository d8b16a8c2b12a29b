"""From the seal of a batch to verified, profile by profile: why a local L1 takes proofs under ``fast``.

Both profiles give the same batch of twenty transfers at least 100 provable bits. What differs is who pays: ``fast``
has a smaller blow-up, so it is proven sooner and has more queries, whose verification takes more gas and more parts.
L1 is revm, the EVM of the embedded L1; a part's time is that of its transaction there. Blocks are not waited for: the
embedded L1 makes one a transaction.
"""

import time

from benchmarks.measure import Figure
from benchmarks.proven_batch import ProvenBatch, proven_batch
from benchmarks.zkvm_batch import TRANSACTIONS
from tests.zkvm.onchain.revm import OnL1
from zkvm.machine.api import verify
from zkvm.machine.machine import riscv
from zkvm.stark.profiles import FAST, L1
from zkvm.stark.soundness import report, worst_numbers

CHOICES = (FAST, L1)


def figures() -> list[Figure]:
    """Seconds from the seal to verified, and what they are made of."""
    return [_figure(proven_batch(profile, TRANSACTIONS)) for profile in CHOICES]


def _figure(found: ProvenBatch) -> Figure:
    l1 = OnL1(found.profile)
    began = time.perf_counter()
    verify(found.vk, found.output, found.profile, found.proof)
    checked = time.perf_counter()
    parts = found.parts()
    cut = time.perf_counter()
    gas = l1.prove(found.statement, parts)
    done = time.perf_counter()
    if not l1.is_verified(found.statement):
        raise RuntimeError("L1 has not verified the batch")
    seconds = {
        "proving": found.seconds,
        "the worker's check": checked - began,
        "parts": cut - checked,
        "L1": done - cut,
    }
    spent = ", ".join(f"{what} {took:.2f} s" for what, took in seconds.items())
    bits = report(worst_numbers(riscv(), found.profile)).bits
    return Figure(
        f"seal to verified, {found.profile.name}",
        "s",
        "lower",
        round(sum(seconds.values()), 2),
        notes=f"{bits:.1f} provable bits; {spent}; {len(parts)} parts, {sum(map(len, parts)):,} bytes, "
        f"{sum(each.charged for each in gas):,} gas",
    )


def main() -> None:
    """Print the figures."""
    for figure in figures():
        print(f"{figure.name}: {figure.ours:,.2f} {figure.unit}\n    {figure.notes}")


if __name__ == "__main__":
    main()
