"""The parts of a proof as a string, and the shelf that they lie on until L1 has executed their batch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain_template.errors import MalformedParts, StoreFull
from chain_template.settlement.proofs import pack_parts, unpack_parts
from chain_template.settlement.shelf import ProofShelf
from chain_template.store.records import part_name, part_of

PARTS = (b"one", b"two" * 100, b"\x00")
PROGRAM, CLAIM = b"\x07" * 32, b"\x09" * 32


@given(st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=8), st.data())
def test_parts_survive_packing_and_nothing_else_does(parts, data):
    packed = pack_parts(parts)
    assert unpack_parts(packed) == tuple(parts)
    cut = data.draw(st.integers(0, len(packed) - 1))
    try:
        shorter = unpack_parts(packed[:cut])
    except MalformedParts:
        return
    # A cut between two parts leaves the parts before it.
    assert shorter == tuple(parts)[: len(shorter)]


@pytest.mark.parametrize("packed", [b"", b"\0\0\0", b"\0\0\0\0", b"\0\0\0\2a", b"\0\0\0\1ab"])
def test_what_are_no_parts_is_refused(packed):
    with pytest.raises(MalformedParts):
        unpack_parts(packed)


def test_a_proof_is_found_under_its_batch_program_and_claim_only(tmp_path):
    shelf = ProofShelf(tmp_path / "proofs")
    assert shelf.get(1, PROGRAM, CLAIM) is None
    shelf.put(1, PROGRAM, CLAIM, pack_parts(PARTS))
    found = ProofShelf(tmp_path / "proofs").get(1, PROGRAM, CLAIM)
    assert found is not None and found.parts == PARTS
    for other in ((2, PROGRAM, CLAIM), (1, CLAIM, PROGRAM), (1, PROGRAM, bytes(32))):
        assert shelf.get(*other) is None


def test_two_proofs_of_one_batch_have_two_names(tmp_path):
    shelf, names = ProofShelf(tmp_path), set()
    for parts in (PARTS, PARTS[:2]):
        shelf.put(1, PROGRAM, CLAIM, pack_parts(parts))
        names.add(shelf.get(1, PROGRAM, CLAIM).name)
    assert len(names) == 2


def test_a_damaged_proof_is_as_good_as_none(tmp_path):
    shelf = ProofShelf(tmp_path)
    shelf.put(1, PROGRAM, CLAIM, pack_parts(PARTS))
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:10], b"", whole[:-1] + bytes([whole[-1] ^ 1])):
        path.write_bytes(damaged)
        assert shelf.get(1, PROGRAM, CLAIM) is None


def test_executed_batches_leave_the_shelf(tmp_path):
    shelf = ProofShelf(tmp_path)
    for number in (1, 2, 10):
        shelf.put(number, PROGRAM, CLAIM, pack_parts(PARTS))
    shelf.drop_to(2)
    assert [shelf.get(number, PROGRAM, CLAIM) is not None for number in (1, 2, 10)] == [False, False, True]


def test_no_parts_are_not_put_there(tmp_path):
    with pytest.raises(MalformedParts):
        ProofShelf(tmp_path / "proofs").put(1, PROGRAM, CLAIM, b"")
    assert not (tmp_path / "proofs").exists()


def test_a_disk_that_refuses_leaves_nothing_behind(tmp_path, monkeypatch):
    def refuse(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("chain_template.settlement.shelf.os.fsync", refuse)
    with pytest.raises(StoreFull, match="batch 3"):
        ProofShelf(tmp_path).put(3, PROGRAM, CLAIM, pack_parts(PARTS))
    assert list(tmp_path.iterdir()) == []


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_name_of_a_part_says_which_it_is(number, parts):
    assert part_of(part_name(number, parts)) == (number, parts)
    assert part_of("verified") is None
