"""Which part of which batch's proof the verifier on L1 needs next.

L1 says how far it is, at every step anew: so a restart goes on where L1 is, and so does a reorganisation. Remembered
here is only which proof was begun, because the parts of two proofs cannot be mixed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chain_template.settlement.on_l1 import ChainOnL1, Counters
from chain_template.settlement.shelf import Proof, ProofShelf
from chain_template.store import Store
from chain_template.store.records import BatchRecord

_BEGUN_KEY: Final = "settlement/proof-begun"


@dataclass(frozen=True, slots=True)
class NextPart:
    """What is to be handed in next.

    Attributes:
        proof: Of which proof.
        number: Which part, counted from 0.
        is_sure: Whether the parts on L1 are known to be this proof's. Where they are not, and L1 refuses the part, the
            proof is handed in from its beginning.
    """

    proof: Proof
    number: int
    is_sure: bool


class ProofParts:
    """The parts of one chain's proofs, on their way to L1.

    Args:
        store: The chain's store: it remembers which proof was begun.
        chain: The chain's contracts.
        shelf: Where the proofs are.
    """

    def __init__(self, store: Store, chain: ChainOnL1, shelf: ProofShelf) -> None:
        self._store = store
        self._chain = chain
        self._shelf = shelf

    def proven(self, counters: Counters, records: Sequence[BatchRecord]) -> int:
        """How many of the leading batches the verifier knows to be proven."""
        known = self._chain.are_proven(
            counters.verifier, counters.program_id, [record.public_input for record in records]
        )
        return known.index(False) if False in known else len(known)

    def next_part(self, record: BatchRecord, counters: Counters, sender: str) -> NextPart | None:
        """What comes next of the proof of a batch that is not proven yet.

        Args:
            record: The batch.
            counters: How far L1 is.
            sender: Whose session on L1.

        Returns:
            None where the proof is not here: it has to be made again, or asked for again.
        """
        proof = self._shelf.get(record.number, counters.program_id, record.public_input)
        if proof is None:
            return None
        accepted = self._chain.accepted_parts(counters.verifier, sender, counters.program_id, record.public_input)
        if accepted >= len(proof.parts):
            # Of another proof, which has more.
            accepted = 0
        return NextPart(proof, accepted, accepted == 0 or self._store.get_meta(_BEGUN_KEY) == proof.name.encode())

    def note(self, proof_name: str) -> None:
        """L1 has a part of this proof: the session there is its."""
        self._store.set_meta(_BEGUN_KEY, proof_name.encode())
