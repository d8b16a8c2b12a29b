"""A proof as L1 takes it: in parts, each small enough for a transaction, for the contract ``BatchVerifier``.

``split`` makes the parts from a proof, ``join`` makes the proof's bytes from them again; ``shape`` writes what the
contract knows of a machine. ``docs/reference/zkvm/proof-parts.md`` describes the bytes.
"""

from zkvm.onchain.join import join
from zkvm.onchain.split import MAX_PART_BYTES, split

__all__ = ["MAX_PART_BYTES", "join", "split"]
