"""SHA-256, RIPEMD-160 and the compression function of BLAKE2b."""

import hashlib
import struct
from pathlib import Path

from Crypto.Hash import RIPEMD160
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zkvm.guest.crypto import Case, Library, answers, published

# Every way that a message can end within a block, twice.
SIZES = range(130)


def noise(size: int) -> bytes:
    return hashlib.shake_128(struct.pack("<I", size)).digest(size)


def hashes() -> list[Case]:
    messages = [*map(noise, SIZES), noise(10_000)]
    return [
        *(("sha256", message, hashlib.sha256(message).digest()) for message in messages),
        *(("ripemd160", message, RIPEMD160.new(message).digest()) for message in messages),
    ]


def blake2b_of_one_block(message: bytes) -> Case:
    """The whole of BLAKE2b-512 is one call where the message fits a block."""
    start = [
        0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
        0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
    ]  # fmt: skip
    start[0] ^= 0x01010000 | 64
    call = struct.pack(">I", 12) + struct.pack("<8Q", *start) + message.ljust(128, b"\0")
    return "blake2f", call + struct.pack("<QQB", len(message), 0, 1), hashlib.blake2b(message).digest()


def blake2f_cases() -> list[Case]:
    good = blake2b_of_one_block(b"abc")
    bad = [good[1][:-1], good[1] + b"\0", good[1][:-1] + b"\2", b""]
    return [*(blake2b_of_one_block(noise(size)) for size in range(129)), *(("blake2f", call, None) for call in bad)]


def test_digests(crypto: Library) -> None:
    for name, data, expected in [*hashes(), *blake2f_cases()]:
        assert crypto(name, data) == expected, (name, len(data))


@settings(deadline=None)
@given(st.binary(max_size=1000))
def test_digests_of_anything(crypto: Library, message: bytes) -> None:
    assert crypto("sha256", message) == hashlib.sha256(message).digest()
    assert crypto("ripemd160", message) == RIPEMD160.new(message).digest()


def test_published_compressions(crypto: Library) -> None:
    for name, data, expected in published("blake2f", "blake2F") + published("blake2f", "fail-blake2f"):
        assert crypto(name, data) == expected, data.hex()


def test_nothing_outside_of_the_buffers_is_touched(sanitized: Path) -> None:
    cases = [*hashes(), *blake2f_cases()]
    assert answers(sanitized, [case[:2] for case in cases]) == [case[2] for case in cases]
