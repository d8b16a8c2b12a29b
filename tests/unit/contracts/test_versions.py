"""Protocol versions: their names, and moving a chain from one to the next on real contracts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.abi import encode_deploy
from contracts.addresses import EcosystemAddresses
from contracts.artifacts import load
from contracts.chain_params import ChainParams, Validators
from contracts.deploy import create_chain
from contracts.errors import EncodingError, TransactionReverted
from contracts.versions import (
    PROTOCOL_VERSION,
    VersionData,
    format_version,
    newest_version,
    parse_version,
    publish_version,
    upgrade_chain,
    version_data,
)
from tests.unit.contracts.conftest import PROGRAM_ID, Anvil

NUMBERS = st.integers(0, 2**32 - 1)
OTHER_PROGRAM = b"\x03" * 32
PATCH = PROTOCOL_VERSION + 1


@given(NUMBERS, NUMBERS, NUMBERS)
def test_versions_are_written_and_read(major: int, minor: int, patch: int) -> None:
    packed = major << 64 | minor << 32 | patch
    assert format_version(packed) == f"{major}.{minor}.{patch}"
    assert parse_version(format_version(packed)) == packed


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.3.4", "1.2.x", "-1.2.3", "01.2.3", "1.2.4294967296", " 1.2.3"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(EncodingError, match="no protocol version") as refused:
        parse_version(text)
    assert "0.29.1" in refused.value.hint


@pytest.mark.npm
def test_a_chain_goes_to_a_version_that_was_published(anvil: Anvil, ecosystem: EcosystemAddresses) -> None:
    owner, admin, client, manager = anvil.sender(), anvil.sender(1), anvil.client, ecosystem.chain_type_manager
    block = client.get_block()
    assert block is not None
    params = ChainParams(271, b"\x01" * 32, int(block["timestamp"], 16))
    validators = Validators.all_by(owner.address)
    address = create_chain(ecosystem, params, owner=owner, admin=admin, validators=validators).zk_chain
    assert newest_version(client, manager) == PROTOCOL_VERSION
    first = version_data(client, manager, PROTOCOL_VERSION)
    assert (first.verifier, first.program_id) == (ecosystem.verifier, PROGRAM_ID)
    with pytest.raises(EncodingError, match=r"0\.29\.1 was never published"):
        version_data(client, manager, PATCH)

    with pytest.raises(TransactionReverted, match="NoUpgradeAvailable"):
        upgrade_chain(address, admin=admin)
    verifier = owner.transact(None, encode_deploy(load("UnprovenVerifier"), [])).contract_address
    assert verifier is not None
    second = VersionData(first.implementation, verifier, OTHER_PROGRAM)
    with pytest.raises(TransactionReverted, match="OwnableUnauthorizedAccount"):
        publish_version(manager, PATCH, second, owner=admin)
    with pytest.raises(TransactionReverted, match="ProtocolVersionNotGreater"):
        publish_version(manager, PROTOCOL_VERSION, second, owner=owner)
    publish_version(manager, PATCH, second, owner=owner)
    assert newest_version(client, manager) == PATCH
    assert version_data(client, manager, PATCH) == second

    with pytest.raises(TransactionReverted, match="Unauthorized"):
        upgrade_chain(address, admin=owner)
    assert upgrade_chain(address, admin=admin) == PATCH
    chain = load("ZKChain")
    assert client.read(chain, address, "getSemverProtocolVersion") == (0, 29, 1)
    assert client.read(chain, address, "getProgramId") == OTHER_PROGRAM
    assert client.read(chain, address, "getVerifier") == verifier.lower()
    # Which L1 has written down, for whoever comes later.
    topic = chain.event("NewProgram").topic
    events = [log.decode(chain, "NewProgram") for log in client.get_logs(address, [[topic]], 0)]
    assert events == [
        {"protocolVersion": PROTOCOL_VERSION, "verifier": first.verifier.lower(), "programId": PROGRAM_ID},
        {"protocolVersion": PATCH, "verifier": verifier.lower(), "programId": OTHER_PROGRAM},
    ]
