import contextlib

import pytest
from eth_abi import encode
from eth_hash.auto import keccak
from eth_utils import to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_bridge import formats
from shared_bridge.errors import UnknownMessage
from shared_bridge.interfaces import FINALIZE_DEPOSIT_L2, INTEROP_CENTER, L2_ASSET_ROUTER, L2_BASE_TOKEN

addresses = st.binary(min_size=20, max_size=20).map(to_checksum_address)
words = st.binary(min_size=32, max_size=32)
amounts = st.integers(0, 2**256 - 1)
calls = st.builds(formats.InteropCall, addresses, addresses, amounts, st.binary(max_size=70))
bundles = st.builds(
    formats.InteropBundle,
    st.integers(1, 2**48),
    st.integers(1, 2**48),
    words,
    addresses,
    addresses,
    st.lists(calls, max_size=3).map(tuple),
)
transfers = st.builds(formats.TransferData, addresses, addresses, addresses, amounts, st.binary(max_size=70))


@given(addresses, amounts, st.binary(max_size=60))
def test_base_token_withdrawals_are_read(receiver, amount, rest):
    message = bytes.fromhex("6c0960f9") + bytes.fromhex(receiver[2:]) + amount.to_bytes(32) + rest
    assert formats.read_message(L2_BASE_TOKEN, message) == formats.BaseTokenWithdrawal(receiver, amount)


@given(st.integers(0, 2**256 - 1), words, transfers)
def test_token_withdrawals_are_read(chain_id, asset, transfer):
    message = FINALIZE_DEPOSIT_L2.selector + chain_id.to_bytes(32) + asset + transfer.encode()
    read = formats.read_message(L2_ASSET_ROUTER, message)
    assert read == formats.TokenWithdrawal(chain_id, asset, transfer)


@settings(deadline=None)
@given(bundles)
def test_bundles_are_read_back_and_named(bundle):
    encoded = bundle.encode()
    read = formats.read_message(INTEROP_CENTER, b"\x01" + encoded)
    assert read == formats.BundleMessage(bundle, encoded)
    assert read.bundle_hash == keccak(encode(["uint256", "bytes"], [bundle.source_chain_id, encoded]))


@given(bundles, words, transfers)
def test_token_legs_are_only_the_routers_calls(bundle, asset, transfer):
    data = FINALIZE_DEPOSIT_L2.encode(bundle.source_chain_id, asset, transfer.encode())
    leg = formats.InteropCall(L2_ASSET_ROUTER, L2_ASSET_ROUTER, 0, data)
    forged = formats.InteropCall(L2_ASSET_ROUTER, bundle.sender, 0, data)
    made = formats.InteropBundle(1, 2, bundle.salt, bundle.sender, bundle.execution_address, (leg, forged))
    assert made.token_legs() == [(asset, transfer)]


@given(addresses.filter(lambda a: a not in (L2_BASE_TOKEN, L2_ASSET_ROUTER, INTEROP_CENTER)), st.binary())
def test_messages_of_other_contracts_move_nothing(sender, message):
    assert formats.read_message(sender, message) is None


@given(st.sampled_from([L2_BASE_TOKEN, L2_ASSET_ROUTER, INTEROP_CENTER]), st.binary(max_size=200))
def test_no_message_breaks_the_reader(sender, message):
    with contextlib.suppress(UnknownMessage):
        formats.read_message(sender, message)


def test_damaged_messages_are_named():
    with pytest.raises(UnknownMessage, match="cannot be read"):
        formats.read_message(L2_ASSET_ROUTER, FINALIZE_DEPOSIT_L2.selector + bytes(64) + b"\xff" * 31)
    with pytest.raises(UnknownMessage, match="version 2"):
        bundle = formats.InteropBundle(1, 2, bytes(32), L2_BASE_TOKEN, L2_BASE_TOKEN, ()).encode()
        formats.read_message(INTEROP_CENTER, b"\x01" + bundle[:63] + b"\x02" + bundle[64:])


def test_second_bridge_data_has_the_length_clients_send():
    data = formats.second_bridge_data(bytes(32), formats.deposit_asset_data(1, L2_BASE_TOKEN, L2_BASE_TOKEN))
    assert len(data) == 193 and data[0] == 1
    assert formats.read_asset_data(formats.deposit_asset_data(5, L2_BASE_TOKEN, L2_ASSET_ROUTER)) == (
        5,
        L2_BASE_TOKEN,
        L2_ASSET_ROUTER,
    )
