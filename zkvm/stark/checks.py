"""What the prover refuses before it starts: statements that no verifier would accept, columns that are no witness."""

from collections.abc import Sequence

from zkvm.air import Machine
from zkvm.stark.errors import TooManyInteractions, WrongHeights, WrongPublics
from zkvm.stark.key import ProvingKey
from zkvm.stark.layout import Layout, layout
from zkvm.stark.profiles import Profile
from zkvm.stark.soundness import MAX_MESSAGES, check_bits
from zkvm.stark.trace import Trace, check_fixed, check_values, log_heights


def checked_layout(machine: Machine, key: ProvingKey, trace: Trace, public: Sequence[int], profile: Profile) -> Layout:
    """The layout of the proof, after every check that needs no work.

    Raises:
        WrongKey: The key is of another machine or another profile.
        WrongPublics: Not the machine's number of words, or one is no 32-bit word.
        InvalidFixed, InvalidTrace: Columns are missing, misshapen, or not field elements.
        WrongHeights, TooManyInteractions: No proof may have tables of these heights.
        InsecureParameters: The provable bits at these heights are below the profile's target.
    """
    key.vk.check(machine, profile)
    if len(public) != machine.publics:
        raise WrongPublics(f"{len(public)} public words; {machine.name} has {machine.publics}")
    for index, word in enumerate(public):
        if not 0 <= word < 1 << 32:
            raise WrongPublics(f"public word {index} is {word}, which is no 32-bit number")
    check_fixed(machine, key.fixed)
    shape = layout(machine, profile, log_heights(machine, trace, key.fixed))
    for name, rows in key.vk.heights.items():
        if key.fixed[name].shape[1] != rows:
            raise WrongHeights(f"table {name} has {key.fixed[name].shape[1]} rows, the key says {rows}")
    if shape.stages[0].blocks and shape.log_height not in key.vk.roots:
        raise WrongHeights(f"the key has no root for a tallest table of 2^{shape.log_height} rows")
    messages = sum(
        len(table.interactions) << height for table, height in zip(machine.tables, shape.log_heights, strict=True)
    )
    if messages >= MAX_MESSAGES:
        raise TooManyInteractions(f"{messages} messages; {MAX_MESSAGES - 1} are allowed")
    check_bits(shape)
    check_values(trace, shape)
    return shape
