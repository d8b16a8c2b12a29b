"""The order of time: an access at `now` comes after the one at `before`."""

from zkvm.air import Expression, inverse_constant

_SHIFT_16 = inverse_constant(1 << 16)


def high_part(value: Expression, low: Expression) -> Expression:
    """(value - low) / 2^16: with low in [0, 2^16) looked up, a range check of this is a range check of value."""
    return (value - low) * _SHIFT_16


def late_byte(now: Expression, before: Expression, low: Expression) -> Expression:
    """The byte above `low` of now - before - 1.

    Looking up `low` in R16 and this as a byte shows 0 <= now - before - 1 < 2^24. As no time of a run exceeds
    2^24 + 4, the difference cannot have wrapped round the field: before < now.
    """
    return high_part(now - before - 1, low)
