import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain_template.batcher.compression import compress
from chain_template.batcher.pubdata import AccountDiff, BatchLog, Pubdata, decode_pubdata
from chain_template.errors import BatchError
from chain_template.headers import BlockHeader
from chain_template.primitives import EMPTY_TRIE_ROOT, L1_MESSENGER_ADDRESS, keccak
from chain_template.receipts import L2ToL1Log, priority_result_log

HEADER = BlockHeader(
    parent_hash=keccak(b"parent"),
    coinbase=b"\x11" * 20,
    state_root=keccak(b"state"),
    transactions_root=EMPTY_TRIE_ROOT,
    receipts_root=EMPTY_TRIE_ROOT,
    logs_bloom=bytes(256),
    number=7,
    gas_limit=100_000_000,
    gas_used=21_000,
    timestamp=1_700_000_000,
    base_fee_per_gas=100_000_000,
)


def message(text, sender=b"\x22" * 20):
    return L2ToL1Log(True, 0, L1_MESSENGER_ADDRESS, bytes(12) + sender, keccak(text), text)


words = st.integers(0, 2**256 - 1)
changes = st.builds(compress, words, words)
slots = st.dictionaries(words, changes, max_size=4).map(lambda found: tuple(sorted(found.items())))
contents = st.fixed_dictionaries(
    {
        "nonce": st.none() | changes,
        "balance": st.none() | changes,
        "code": st.none() | st.binary(min_size=1, max_size=60),
        "slots": slots,
    }
).filter(lambda fields: any(fields.values()))
accounts = st.dictionaries(st.binary(min_size=20, max_size=20), st.none() | contents, max_size=6).map(
    lambda found: tuple(
        AccountDiff(address, deleted=True) if fields is None else AccountDiff(address, **fields)
        for address, fields in sorted(found.items())
    )
)
logs = st.lists(
    st.tuples(
        st.binary(max_size=80).map(message)
        | st.builds(priority_result_log, st.binary(min_size=32, max_size=32), st.booleans(), st.just(0)),
        st.integers(0, 65_535),
    ).map(lambda pair: BatchLog(*pair)),
    max_size=5,
).map(tuple)
pubdata = st.builds(Pubdata, st.just(HEADER), logs, accounts)


@given(original=pubdata)
def test_round_trip(original):
    decoded = decode_pubdata(original.encode())
    assert decoded == original
    assert [entry.leaf for entry in decoded.logs] == [entry.leaf for entry in original.logs]


@given(original=pubdata, data=st.data())
def test_a_changed_byte_never_reads_as_the_same_batch(original, data):
    encoded = original.encode()
    at = data.draw(st.integers(0, len(encoded) - 1))
    forged = encoded[:at] + bytes([encoded[at] ^ data.draw(st.integers(1, 255))]) + encoded[at + 1 :]
    try:
        decoded = decode_pubdata(forged)
    except BatchError:
        return
    assert decoded != original
    assert decoded.encode() == forged


@given(original=pubdata, data=st.data())
def test_cut_or_extended_bytes_are_refused(original, data):
    encoded = original.encode()
    cut = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(BatchError, match=r"pubdata|compressed"):
        decode_pubdata(encoded[:cut])
    with pytest.raises(BatchError, match="1 bytes follow"):
        decode_pubdata(encoded + b"\x00")


def hand_made(accounts_part):
    return Pubdata(HEADER, (), ()).encode()[:-4] + bytes.fromhex(accounts_part)


ADDRESS = "11" * 20


@pytest.mark.parametrize(
    ("accounts_part", "complaint"),
    [
        (f"00000001{ADDRESS}00", "impossible field bits"),
        (f"00000001{ADDRESS}11", "impossible field bits"),
        (f"00000001{ADDRESS}20", "impossible field bits"),
        (f"00000001{ADDRESS}0400000000", "code is empty"),
        (f"00000001{ADDRESS}0800000000", "list of slots is empty"),
        (f"00000002{ADDRESS}10{ADDRESS}10", "ascending"),
        (f"00000001{ADDRESS}0800000002{'01' * 32}03{'01' * 32}03", "ascending"),
        (f"00000001{ADDRESS}020901ff", "1 bytes follow"),
    ],
)
def test_what_is_not_canonical_is_refused(accounts_part, complaint):
    with pytest.raises(BatchError, match=complaint):
        decode_pubdata(hand_made(accounts_part))


def test_other_versions_kinds_and_values_are_refused():
    plain = Pubdata(HEADER, (BatchLog(priority_result_log(b"\x01" * 32, True, 0), 3),), ()).encode()
    with pytest.raises(BatchError, match="version 2"):
        decode_pubdata(b"\x02" + plain[1:])
    kind_at = 5 + len(HEADER.encode()) + 2
    assert plain[kind_at : kind_at + 3] == b"\x01\x00\x03"
    with pytest.raises(BatchError, match="kind 2"):
        decode_pubdata(plain[:kind_at] + b"\x02" + plain[kind_at + 1 :])
    with pytest.raises(BatchError, match="success is 2"):
        decode_pubdata(plain[: kind_at + 35] + b"\x02" + plain[kind_at + 36 :])


def test_a_log_that_no_system_contract_makes_is_not_published():
    forged = L2ToL1Log(True, 0, L1_MESSENGER_ADDRESS, bytes(32), keccak(b"other"), b"message")
    with pytest.raises(BatchError, match="system contracts"):
        Pubdata(HEADER, (BatchLog(forged, 0),), ()).encode()
