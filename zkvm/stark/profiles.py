"""Named parameter sets: what a proof costs and what it is worth.

Queries, grinding and node length come from the profile that the verifier demands, never from the proof. A query count
is the smallest that reaches the target in ``soundness.py``'s calculation at the largest heights; a test holds it there.
"""

from dataclasses import dataclass
from difflib import get_close_matches

from zkvm.stark.errors import InvalidParameters, UnknownProfile
from zkvm.stark.merkle_verify import SHORTEST_NODE

MAX_DOMAIN_BITS = 32  # the field's two-adicity, and the width of a query position


@dataclass(frozen=True)
class Profile:
    """One choice of parameters.

    Attributes:
        name: What the command line calls it.
        id: What the transcript and the proof call it.
        log_blowup: log2 of 1/ρ, 2 or more.
        queries: Positions drawn, with repetitions.
        grinding_bits: Leading zero bits of the hash that the nonce must give before positions are drawn.
        node_bytes: Length to which row digests and tree nodes are cut; collisions cost 2^(4·node_bytes) hashes.
        target_bits: Provable bits below which nothing is proven or accepted.
        max_log_height: The tallest table, log2 of its rows.
    """

    name: str
    id: int
    log_blowup: int
    queries: int
    grinding_bits: int
    node_bytes: int
    target_bits: int
    max_log_height: int

    def __post_init__(self) -> None:
        if not 2 <= self.log_blowup <= 8:
            raise InvalidParameters(f"profile {self.name}: log_blowup {self.log_blowup} is not in 2..8")
        if self.log_blowup + self.max_log_height > MAX_DOMAIN_BITS:
            raise InvalidParameters(f"profile {self.name}: the field has no domain of its largest size")
        if not 1 <= self.queries < 1 << 12:
            raise InvalidParameters(f"profile {self.name}: {self.queries} queries")
        if not 0 <= self.grinding_bits <= 64:
            raise InvalidParameters(f"profile {self.name}: {self.grinding_bits} bits of grinding")
        if not SHORTEST_NODE <= self.node_bytes <= 32:
            raise InvalidParameters(f"profile {self.name}: nodes of {self.node_bytes} bytes")

    @property
    def blowup(self) -> int:
        """1/ρ: evaluations for each coefficient."""
        return 1 << self.log_blowup


FAST = Profile("fast", 1, log_blowup=2, queries=81, grinding_bits=20, node_bytes=25, target_bits=100, max_log_height=23)
L1 = Profile("l1", 2, log_blowup=5, queries=33, grinding_bits=20, node_bytes=25, target_bits=100, max_log_height=23)
L1_128 = Profile(
    "l1-128", 3, log_blowup=5, queries=44, grinding_bits=22, node_bytes=32, target_bits=128, max_log_height=23
)

PROFILES: dict[str, Profile] = {profile.name: profile for profile in (FAST, L1, L1_128)}


def profile_of(number: int) -> Profile:
    """The profile with this number.

    Raises:
        UnknownProfile: There is none.
    """
    for found in PROFILES.values():
        if found.id == number:
            return found
    raise UnknownProfile(f"there is no profile {number}")


def profile(name: str) -> Profile:
    """The profile of this name.

    Raises:
        UnknownProfile: There is none.
    """
    found = PROFILES.get(name)
    if found is None:
        near = get_close_matches(name, PROFILES, n=1)
        guess = f"; did you mean {near[0]}?" if near else ""
        raise UnknownProfile(f"there is no profile {name!r} (there are {', '.join(PROFILES)}){guess}")
    return found
