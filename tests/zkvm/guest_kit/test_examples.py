"""The committed guests compute what they claim, and are what their sources make."""

import hashlib
import random
import struct
from collections.abc import Callable, Sequence

import pytest
from eth_hash.auto import keccak
from eth_keys import keys

from zkvm.emulator.cost import Cost
from zkvm.emulator.emulator import measure, run
from zkvm.emulator.errors import GuestTrap, HintNotGiven, InputTooShort
from zkvm.emulator.hints import STANDARD_ANSWERS, Hint, numbers, words_of
from zkvm.guest_kit.examples import NAMES, example

N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
P = 2**256 - 2**32 - 977
MESSAGES = [b"", b"abc", bytes(55), bytes(56), bytes(64), bytes(135), bytes(136), bytes(137), bytes(range(256)) * 3]


def output_bytes(output: Sequence[int]) -> bytes:
    return struct.pack("<8I", *output)


@pytest.mark.parametrize("n", [0, 1, 2, 47, 48, 1000])
def test_fibonacci(n: int) -> None:
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    assert run(example("fibonacci"), struct.pack("<I", n)).output == (n, a % 2**32, 0, 0, 0, 0, 0, 0)


def test_fibonacci_refuses_other_input() -> None:
    with pytest.raises(GuestTrap):
        run(example("fibonacci"), b"12345")


@pytest.mark.parametrize("message", MESSAGES, ids=len)
def test_sha256(message: bytes) -> None:
    assert output_bytes(run(example("sha256"), message).output) == hashlib.sha256(message).digest()


@pytest.mark.parametrize("name", ["keccak", "keccak_software"])
@pytest.mark.parametrize("message", MESSAGES, ids=len)
def test_keccak(name: str, message: bytes) -> None:
    assert output_bytes(run(example(name), message).output) == keccak(message)


def request(private: int, digest: bytes) -> tuple[bytes, bytes]:
    """An input of ecrecover, and the signer's address."""
    key = keys.PrivateKey(private.to_bytes(32, "big"))
    signed = key.sign_msg_hash(digest)
    return signature(digest, signed.r, signed.s, signed.v), key.public_key.to_canonical_address()


def signature(digest: bytes, r: int, s: int, parity: int) -> bytes:
    return digest + r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([parity])


def recover(data: bytes, **options: object) -> tuple[bytes, Cost]:
    found = measure(example("ecrecover"), data, **options)  # type: ignore[arg-type]
    return output_bytes(found.output), found.cost


@pytest.mark.parametrize("private", [1, 2, 3, N - 1, N - 2, 2**128, 0xDEADBEEF, *(7**i for i in range(60, 80))])
def test_ecrecover(private: int) -> None:
    data, address = request(private, keccak(private.to_bytes(32, "big")))
    found, cost = recover(data)
    assert found == bytes(12) + address
    assert cost.main <= 60_000
    assert cost.arith256 * 31 + cost.operations * 32 * 16 <= 600_000


@pytest.mark.parametrize("digest", [0, 1, N - 1, N, N + 1, 2**256 - 1])
def test_ecrecover_of_extreme_hashes(digest: int) -> None:
    data, address = request(12345, digest.to_bytes(32, "big"))
    assert recover(data)[0] == bytes(12) + address


def test_malleable_signatures_recover_as_ethereum_does() -> None:
    digest = keccak(b"high s")
    key = keys.PrivateKey(bytes(31) + b"\x09")
    signed = key.sign_msg_hash(digest)
    assert (
        recover(signature(digest, signed.r, N - signed.s, 1 - signed.v))[0][12:]
        == key.public_key.to_canonical_address()
    )


def test_signatures_without_a_signer() -> None:
    digest = keccak(b"bad")
    x_off_the_curve = next(x for x in range(2, 50) if pow(x**3 + 7, (P - 1) // 2, P) != 1)
    for r, s, parity in [
        (0, 5, 0),
        (5, 0, 0),
        (N, 5, 0),
        (5, N, 0),
        (2**256 - 1, 5, 0),
        (5, 2**256 - 1, 1),
        (x_off_the_curve, 5, 0),
        (x_off_the_curve, 5, 1),
        (1, 5, 2),
    ]:
        assert recover(signature(digest, r, s, parity))[0] == bytes(32)


def test_a_sum_at_infinity_has_no_signer() -> None:
    """u1 G + u2 R = 0 where R = G: s = hash."""
    g = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798
    digest = keccak(b"infinity")
    s = int.from_bytes(digest, "big") % N
    assert recover(signature(digest, g, s, 0))[0] == bytes(32)


def test_equal_points_on_the_way_are_doubled() -> None:
    """R = G and small scalars: the walk meets the same points from both tables."""
    g = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798
    for u1, u2 in [(1, 1), (1, 3), (3, 1), (5, 7), (N - 1, 3), (2, N - 1)]:
        digest = (-u1 * g % N).to_bytes(32, "big")
        expected = keys.PrivateKey(((u1 + u2) % N).to_bytes(32, "big")).public_key.to_canonical_address()
        assert recover(signature(digest, g, u2 * g % N, 0))[0] == bytes(12) + expected


def wrong(kind: Hint, change: Callable[[list[int]], list[int]]) -> dict[int, Callable[..., list[int]]]:
    """Answers that lie about one kind of hint."""

    def lie(operands: Sequence[int], wanted: int) -> list[int]:
        return change(list(STANDARD_ANSWERS[kind](operands, wanted) or []))

    return {**STANDARD_ANSWERS, kind: lie}


@pytest.mark.parametrize("kind", [Hint.INVERSE, Hint.SQUARE_ROOT, Hint.SPLIT_SCALAR])
def test_every_wrong_hint_word_is_refused(kind: Hint) -> None:
    data, _ = request(77, keccak(b"hints"))
    words = {Hint.INVERSE: 8, Hint.SQUARE_ROOT: 8, Hint.SPLIT_SCALAR: 18}[kind]
    for word in range(words):

        def change(answer: list[int], word: int = word) -> list[int]:
            return [value ^ (1 << 3 if i == word else 0) for i, value in enumerate(answer)]

        with pytest.raises(GuestTrap):
            recover(data, answers=wrong(kind, change))


def test_the_other_root_and_other_splits_are_as_good() -> None:
    data, address = request(78, keccak(b"hints"))
    other = wrong(Hint.SQUARE_ROOT, lambda answer: words_of(P - numbers(answer)[0]))
    assert recover(data, answers=other)[0] == bytes(12) + address


def test_a_hint_of_the_same_residue_is_not_canonical_and_refused() -> None:
    """x of the curve with a root below 2^32 + 977 would have a second form; none of ours has, so it must trap."""
    data, _ = request(79, keccak(b"hints"))
    for kind in (Hint.INVERSE, Hint.SQUARE_ROOT):
        with pytest.raises(GuestTrap):
            recover(data, answers=wrong(kind, lambda answer: [0xFFFFFFFF] * 8))


def test_hints_given_beforehand_make_the_same_run() -> None:
    data, _ = request(80, keccak(b"replay"))
    first = run(example("ecrecover"), data)
    again = run(example("ecrecover"), data, first.hints)
    assert again.log.steps.tobytes() == first.log.steps.tobytes()
    assert again.output == first.output
    with pytest.raises(InputTooShort):
        run(example("ecrecover"), data, first.hints[:-1])
    with pytest.raises(InputTooShort):
        run(example("ecrecover"), data, [])


def test_hints_that_nobody_answers() -> None:
    data, _ = request(81, keccak(b"nobody"))
    with pytest.raises(HintNotGiven) as caught:
        recover(data, answers={})
    assert caught.value.kind == Hint.SQUARE_ROOT


def test_random_bytes_never_break_ecrecover() -> None:
    rng = random.Random(9)
    for _ in range(10):
        assert len(recover(rng.randbytes(96) + b"\x01")[0]) == 32


@pytest.mark.parametrize("name", NAMES)
def test_examples_have_what_the_machine_needs(name: str) -> None:
    program = example(name)
    assert program.find("zkhub_hint") is not None
    assert program.symbol("zkhub_halt").address == program.halt_pc
