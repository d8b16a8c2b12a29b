"""What can go wrong between a statement and its proof.

::

    zkvm.errors.ZkvmError
    └── StarkError
        ├── UnknownProfile              no parameter set of this name or number
        ├── InvalidParameters           numbers that no proof can have
        ├── InsecureParameters          the provable bits are below the profile's target
        ├── MalformedKey                bytes that are no verifying key
        └── VerificationError           the proof does not prove the statement
            ├── WrongKey                the key is of another machine or another profile
            ├── WrongPublics            the public words are not what the machine has
            ├── MalformedProof          the bytes are not a proof
            │   └── NonCanonicalElement     a field element of p or more
            ├── WrongProfile            made under another profile
            ├── WrongHeights            heights that the key or the machine does not allow
            ├── DegenerateChallenge     the out-of-domain point lies in the base field
            ├── InsecureProof               at these heights the profile does not reach its target
            ├── TooManyInteractions     enough rows that a multiplicity could wrap around p
            ├── BusesUnbalanced         what was sent is not what was received
            ├── ConstraintMismatch      the opened values do not satisfy the constraints
            ├── GrindingTooWeak         the nonce shows too little work
            ├── WrongOpenings           not the rows that the query positions ask for
            ├── MerkleMismatch          opened rows do not belong to the committed tree
            ├── FoldMismatch            two consecutive FRI layers disagree
            └── FinalMismatch           the last fold is not the final polynomial
"""

from zkvm.errors import ZkvmError


class StarkError(ZkvmError):
    """Base of every error of the proof protocol."""


class UnknownProfile(StarkError):
    """No parameter set has this name or number."""


class InvalidParameters(StarkError):
    """Numbers that no proof can have: a blow-up of 1, a height below the smallest, a domain larger than the field's."""


class InsecureParameters(StarkError):
    """The provable security of these parameters is below the profile's target.

    Attributes:
        bits: What can be proven.
        target: What the profile promises.
    """

    hint = "choose a profile with more queries or a lower target"

    def __init__(self, bits: float, target: int, weakest: str) -> None:
        super().__init__(f"only {bits:.1f} of {target} bits are provable; the weakest round is {weakest}")
        self.bits = bits
        self.target = target


class MalformedKey(StarkError):
    """Bytes that are no verifying key."""

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(f"the verifying key is malformed at byte {offset}: {what}")
        self.offset = offset


class VerificationError(StarkError):
    """The proof does not prove the statement."""


class WrongKey(VerificationError):
    """The verifying key does not fit the machine or the profile."""


class WrongPublics(VerificationError):
    """The public words are not as many as the machine has, or one is no 32-bit word."""


class MalformedProof(VerificationError):
    """The bytes are not a proof.

    Attributes:
        offset: The byte at which decoding stopped.
    """

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(f"the proof is malformed at byte {offset}: {what}")
        self.offset = offset


class NonCanonicalElement(MalformedProof):
    """A field element that is not below p."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset, "a field element is not below p")


class WrongProfile(VerificationError):
    """The proof was made under another profile than the one demanded."""


class WrongHeights(VerificationError):
    """A table has a height that the key, the machine or the profile does not allow."""


class DegenerateChallenge(VerificationError):
    """The out-of-domain point fell into the base field, which happens once in 2^128 transcripts."""


class InsecureProof(VerificationError, InsecureParameters):
    """At the proof's heights the provable security is below the profile's target."""


class TooManyInteractions(VerificationError):
    """The tables have so many rows that a bus could balance by a multiplicity of p."""


class BusesUnbalanced(VerificationError):
    """The claimed totals of the tables do not add up to zero."""


class ConstraintMismatch(VerificationError):
    """At the out-of-domain point the constraints are not the quotient times the vanishing polynomial."""


class GrindingTooWeak(VerificationError):
    """The nonce does not give the hash that the profile demands."""


class WrongOpenings(VerificationError):
    """A tree opens another number of rows or nodes than the query positions need."""


class MerkleMismatch(VerificationError):
    """Opened rows do not lead to the root of their tree.

    Attributes:
        tree: ``fixed``, ``main``, ``aux``, ``quotient`` or ``fri <layer>``.
    """

    def __init__(self, tree: str) -> None:
        super().__init__(f"the opened rows are not in the {tree} tree")
        self.tree = tree


class FoldMismatch(VerificationError):
    """A FRI layer does not hold the value that the layer before it (or the opened rows) gives.

    Attributes:
        layer: The layer that disagrees; layer 0 is checked against the opened rows.
        position: The query position, in the largest domain.
    """

    def __init__(self, layer: int, position: int) -> None:
        source = "the opened rows" if layer == 0 else f"layer {layer - 1}"
        super().__init__(f"FRI layer {layer} disagrees with {source} at query position {position}")
        self.layer = layer
        self.position = position


class FinalMismatch(VerificationError):
    """The last fold is not the value of the final polynomial.

    Attributes:
        position: The query position, in the largest domain.
    """

    def __init__(self, position: int) -> None:
        super().__init__(f"the last fold is not the final polynomial's value at query position {position}")
        self.position = position
