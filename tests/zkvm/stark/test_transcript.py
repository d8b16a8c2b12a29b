"""The transcript, held to the page that describes it."""

import pytest
from Crypto.Hash import keccak as pycryptodome
from hypothesis import given
from hypothesis import strategies as st

from zkvm.field import P
from zkvm.stark.transcript import Entry, Transcript, encode_elements, encode_words, statement


def keccak(data: bytes) -> bytes:
    return pycryptodome.new(data=data, digest_bits=256).digest()


def test_the_state_is_the_chain_that_the_page_describes() -> None:
    transcript = Transcript()
    state = keccak(b"zkhub-stark-1")
    assert transcript.state == state
    transcript.absorb("a", b"hello")
    state = keccak(state + b"hello")
    assert transcript.state == state
    state = keccak(state)
    assert transcript.draw("b") == int.from_bytes(state, "big")
    assert transcript.state == state


def test_a_challenge_takes_three_times_85_bits() -> None:
    transcript = Transcript()
    number = int.from_bytes(keccak(transcript.state), "big")
    bits = f"{number:0256b}"[::-1]  # bit i at place i
    wanted = tuple(int(bits[85 * i : 85 * (i + 1)][::-1], 2) % P for i in range(3))
    assert transcript.challenge("x") == wanted


def test_positions_take_eight_to_a_word() -> None:
    transcript = Transcript()
    first = keccak(transcript.state)
    second = keccak(first)
    lanes = [first[28 - 4 * m : 32 - 4 * m] for m in range(8)] + [second[28 - 4 * m : 32 - 4 * m] for m in range(3)]
    assert transcript.positions(11, 10) == [int.from_bytes(lane, "big") % 1024 for lane in lanes]
    assert transcript.state == second


@given(st.binary(min_size=1), st.binary(min_size=1))
def test_one_message_is_not_two(left: bytes, right: bytes) -> None:
    one, two = Transcript(), Transcript()
    one.absorb("x", left + right)
    two.absorb("x", left)
    two.absorb("x", right)
    assert one.state != two.state


def test_nothing_cannot_be_absorbed() -> None:
    """An empty message would be a draw."""
    with pytest.raises(ValueError, match="nothing to absorb for nonce"):
        Transcript().absorb("nonce", b"")


def test_work_is_counted_from_the_top() -> None:
    transcript = Transcript()
    for nonce in range(2000):
        transcript.absorb("nonce", encode_words([nonce]))
        assert transcript.work_bits() == len(f"{int.from_bytes(transcript.state, 'big'):0256b}".split("1")[0])


def test_the_log_is_what_happened() -> None:
    log: list[Entry] = []
    transcript = Transcript(log)
    transcript.absorb("a", b"x")
    transcript.challenge("b")
    assert log == [Entry("absorb", "a", b"x"), Entry("draw", "b", transcript.state)]


def test_encodings_are_big_endian() -> None:
    assert encode_words([1, 2]) == bytes(7) + b"\1" + bytes(7) + b"\2"
    assert encode_elements([(1, 2, 3)]) == encode_words([1, 2, 3])
    assert statement(1, b"k" * 32, [5], [6, 7]) == encode_words([1]) + b"k" * 32 + encode_words([5, 64, 128])
