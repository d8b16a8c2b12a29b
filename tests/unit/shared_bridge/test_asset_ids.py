import pytest
from eth_abi import encode
from eth_hash.auto import keccak
from eth_utils import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from shared_bridge.asset_ids import TokenName, asset_id_of, checked_recipient, eth_asset_id
from shared_bridge.errors import RecipientError, UnknownToken

addresses = st.binary(min_size=20, max_size=20).filter(lambda raw: int.from_bytes(raw) > 1).map(to_checksum_address)


@given(st.integers(0, 2**256 - 1), addresses)
def test_asset_ids_are_zk_stacks(chain_id, token):
    vault = "0x0000000000000000000000000000000000010004"
    expected = keccak(encode(["uint256", "address", "address"], [chain_id, vault, token]))
    assert asset_id_of(chain_id, token) == expected


@given(addresses)
def test_addresses_are_read_in_every_case(address):
    for written in (address, address.lower(), "0x" + address[2:].upper()):
        assert TokenName.parse(written, 9) == TokenName(None, address)
        assert checked_recipient(written) == address


@given(addresses, st.data())
def test_a_mistyped_case_is_refused(address, data):
    letters = [at for at, digit in enumerate(address) if at > 1 and digit.isalpha()]
    if len(letters) < 2:
        return
    at = data.draw(st.sampled_from(letters))
    mistyped = address[:at] + address[at].swapcase() + address[at + 1 :]
    if mistyped[2:] in (mistyped[2:].lower(), mistyped[2:].upper()):
        return
    with pytest.raises(RecipientError, match="checksum"):
        checked_recipient(mistyped)
    with pytest.raises(UnknownToken, match="checksum"):
        TokenName.parse(mistyped, 9)


@pytest.mark.parametrize("name", ["eth", "ETH", " ether ", "0x" + "00" * 20, "0x" + "00" * 19 + "01"])
def test_ether_has_many_names(name):
    assert TokenName.parse(name, 9) == TokenName(eth_asset_id(9), None)


@given(st.binary(min_size=32, max_size=32))
def test_asset_ids_are_read_as_bytes_and_hex(asset):
    assert TokenName.parse(asset, 9) == TokenName.parse("0x" + asset.hex(), 9) == TokenName(asset, None)


@pytest.mark.parametrize("name", ["", "gold", "0x12", "12" * 20, "0x" + "zz" * 32, b"\x01", "0x" + "12" * 33])
def test_anything_else_is_no_token(name):
    with pytest.raises(UnknownToken):
        TokenName.parse(name, 9)


@pytest.mark.parametrize("recipient", ["", "0x12", "12" * 20, "0x" + "00" * 20, None, 5, b"\x12" * 20])
def test_anything_else_is_no_recipient(recipient):
    with pytest.raises(RecipientError):
        checked_recipient(recipient)
