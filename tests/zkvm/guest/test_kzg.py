"""KZG point evaluation against c-kzg and the proofs of published vectors."""

from collections.abc import Iterator
from hashlib import sha256
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import ckzg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc.optimized_bls12_381 import FQ, is_inf, multiply, normalize

from tests.zkvm.guest.crypto import Library, answers, published

ORDER = 0x73EDA753_299D7D48_3339D808_09A1D805_53BDA402_FFFE5BFE_FFFFFFFF_00000001
P = 0x1A0111EA_397FE69A_4B1BA7B6_434BACD7_64774B84_F38512BF_6730D2A0_F6B0F624_1EABFFFE_B153FFFF_B9FEFFFF_FFFFAAAB
INFINITY = b"\xc0" + bytes(47)
elements = st.one_of(st.sampled_from([0, 1, 2, ORDER - 1]), st.integers(0, ORDER - 1))


@pytest.fixture(scope="module")
def setup() -> Any:
    """The trusted setup that py-evm brings."""
    spec = find_spec("eth._utils")
    assert spec and spec.submodule_search_locations
    return ckzg.load_trusted_setup(str(Path(spec.submodule_search_locations[0]) / "kzg_trusted_setup.txt"), 0)


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def request(commitment: bytes, z: bytes, y: bytes, proof: bytes) -> bytes:
    return b"\x01" + sha256(commitment).digest()[1:] + z + y + commitment + proof


def proven(setup: Any, values: list[int], z: int) -> tuple[bytes, bytes, bytes, bytes]:
    """Commitment, point, value and proof of the polynomial with these first values, zeros behind."""
    blob = b"".join(map(word, values)).ljust(4096 * 32, b"\0")
    proof, y = ckzg.compute_kzg_proof(blob, word(z), setup)
    return ckzg.blob_to_kzg_commitment(blob, setup), word(z), y, proof


def judged(setup: Any, commitment: bytes, z: bytes, y: bytes, proof: bytes) -> bytes | None:
    """What c-kzg says, as the driver answers."""
    try:
        return b"" if ckzg.verify_kzg_proof(commitment, z, y, proof, setup) else None
    except RuntimeError:
        return None


def outside() -> Iterator[bytes]:
    """Points of the curve that are not in the group of prime order."""
    for x in range(1, 100):
        square = (x**3 + 4) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P != square:
            continue
        point = FQ(x), FQ(y), FQ(1)
        left = multiply(point, ORDER)
        if not is_inf(left):
            yield from (compressed(*normalize(found)) for found in (point, left))


def compressed(x: Any, y: Any) -> bytes:
    return (int(x) | (4 + (int(y) > P // 2)) << 381).to_bytes(48, "big")


def variants(parts: tuple[bytes, bytes, bytes, bytes]) -> list[tuple[bytes, bytes, bytes, bytes]]:
    """What a proof becomes by a change of one of its parts; hardly any is right."""
    commitment, z, y, proof = parts
    numbers = [word(n) for n in (0, 1, ORDER - 1, ORDER, ORDER + 1, 2**256 - 1)]
    turned = bytes([commitment[0] ^ 0x20]) + commitment[1:]
    points = [
        INFINITY,
        commitment,
        proof,
        turned,
        bytes([proof[0] ^ 0x20]) + proof[1:],
        bytes(48),
        b"\xe0" + bytes(47),
        b"\xc0" + bytes(46) + b"\1",
        b"\x40" + bytes(47),
        bytes([proof[0] & 0x7F]) + proof[1:],
        (P | 1 << 383).to_bytes(48, "big"),
        ((P + 1) | 1 << 383).to_bytes(48, "big"),
        b"\x9f" + b"\xff" * 47,
        b"\x80" + bytes(46) + b"\1",
        *islice(outside(), 6),
    ]
    return [
        parts,
        *((commitment, number, y, proof) for number in numbers),
        *((commitment, z, number, proof) for number in numbers),
        *((point, z, y, proof) for point in points),
        *((commitment, z, y, point) for point in points),
        (INFINITY, z, word(0), INFINITY),
        (INFINITY, z, y, INFINITY),
    ]


def cases(setup: Any) -> list[tuple[str, bytes, bytes | None]]:
    polynomials = [proven(setup, [3, 1, 4, 1, 5], 9), proven(setup, [7] * 4096, 2), proven(setup, [], 5)]
    polynomials.append(proven(setup, [2, 7], 1))  # z is one of the points that values are given at
    changed = [parts for start in polynomials for parts in variants(start)]
    return [("kzg", request(*parts), judged(setup, *parts)) for parts in changed]


@settings(max_examples=15, deadline=None)
@given(values=st.lists(elements, max_size=4), z=elements, other=elements)
def test_any_polynomial(crypto: Library, setup: Any, values: list[int], z: int, other: int) -> None:
    commitment, point, y, proof = proven(setup, values, z)
    assert crypto("kzg", request(commitment, point, y, proof)) == b""
    for parts in ((commitment, point, word(other), proof), (commitment, word(other), y, proof)):
        assert crypto("kzg", request(*parts)) == judged(setup, *parts)


def test_changed_proofs(crypto: Library, setup: Any) -> None:
    found = cases(setup)
    assert {answer for *_, answer in found} == {b"", None}
    for name, data, expected in found:
        assert crypto(name, data) == expected, data.hex()


def test_the_hash_is_of_the_commitment(crypto: Library, setup: Any) -> None:
    data = request(*proven(setup, [1, 2, 3], 4))
    assert crypto("kzg", data) == b""
    for at in (0, 1, 31):
        assert crypto("kzg", data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]) is None
    assert crypto("kzg", data[:-1]) is None and crypto("kzg", data + b"\0") is None


def test_published_proofs(crypto: Library) -> None:
    for name, data, expected in published("kzg", "pointEvaluation"):
        assert crypto(name, data) == (b"" if expected else None)
        assert expected == word(4096) + word(ORDER)


def test_nothing_outside_of_the_buffers_is_touched(sanitized: Path, setup: Any) -> None:
    found = cases(setup)[::5]
    assert answers(sanitized, [case[:2] for case in found]) == [case[2] for case in found]
