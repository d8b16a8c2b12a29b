"""Elements of F = F_p[x] / (x³ − x − 1) as tuples of three plain integers, constant coordinate first.

All functions take and return canonical values (0 ≤ c < p).
"""

from zkvm.field import P
from zkvm.field.errors import NotInvertible

Ext = tuple[int, int, int]

ZERO: Ext = (0, 0, 0)
ONE: Ext = (1, 0, 0)


def e_add(a: Ext, b: Ext) -> Ext:
    """The sum a + b."""
    return (a[0] + b[0]) % P, (a[1] + b[1]) % P, (a[2] + b[2]) % P


def e_sub(a: Ext, b: Ext) -> Ext:
    """The difference a − b."""
    return (a[0] - b[0]) % P, (a[1] - b[1]) % P, (a[2] - b[2]) % P


def e_neg(a: Ext) -> Ext:
    """−a."""
    return -a[0] % P, -a[1] % P, -a[2] % P


def e_mul(a: Ext, b: Ext) -> Ext:
    """The product a · b, with x³ = x + 1 and x⁴ = x² + x."""
    a0, a1, a2 = a
    b0, b1, b2 = b
    third = a1 * b2 + a2 * b1
    fourth = a2 * b2
    return (
        (a0 * b0 + third) % P,
        (a0 * b1 + a1 * b0 + third + fourth) % P,
        (a0 * b2 + a1 * b1 + a2 * b0 + fourth) % P,
    )


def e_mul_base(a: Ext, b: int) -> Ext:
    """The product a · b for b in F_p."""
    return a[0] * b % P, a[1] * b % P, a[2] * b % P


def e_square(a: Ext) -> Ext:
    """a²."""
    return e_mul(a, a)


def e_inv(a: Ext) -> Ext:
    """1 / a, by the cofactors of the matrix of "times a".

    Raises:
        NotInvertible: a is zero.
    """
    a0, a1, a2 = a
    d, e = a0 + a2, a1 + a2
    b0 = (d * d - a1 * e) % P
    b1 = (a2 * e - a1 * d) % P
    b2 = (a1 * a1 - a2 * d) % P
    norm = (a0 * b0 + a2 * b1 + a1 * b2) % P
    if norm == 0:
        raise NotInvertible
    return e_mul_base((b0, b1, b2), pow(norm, -1, P))


def e_pow(a: Ext, exponent: int) -> Ext:
    """a^exponent; a negative exponent inverts.

    Raises:
        NotInvertible: zero to a negative power.
    """
    if exponent < 0:
        a, exponent = e_inv(a), -exponent
    result = ONE
    while exponent:
        if exponent & 1:
            result = e_mul(result, a)
        a = e_mul(a, a)
        exponent >>= 1
    return result
