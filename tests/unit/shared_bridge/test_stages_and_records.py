import dataclasses
import json

import pytest
from eth_utils import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

import shared_bridge
from shared_bridge import (
    TRANSITIONS,
    BridgeError,
    Deposit,
    MessageFailed,
    MessageStage,
    StageTimeout,
    Status,
    Transfer,
    UnknownMessage,
    Withdrawal,
    message_from_json,
)
from shared_bridge.tracking import Waiting
from zkhub.errors import HubError

addresses = st.binary(min_size=20, max_size=20).map(to_checksum_address)
words = st.binary(min_size=32, max_size=32)
ids = st.integers(1, 2**48)
base = {"asset_id": words, "amount": st.integers(0, 2**256 - 1), "sender": addresses, "receiver": addresses}
messages = st.one_of(
    st.builds(
        Deposit,
        **base,
        chain_id=ids,
        l1_transaction_hash=words,
        l2_transaction_hash=words,
        asset_data=st.binary(max_size=96),
    ),
    st.builds(Withdrawal, **base, chain_id=ids, l2_transaction_hash=words, index=st.integers(0, 9)),
    st.builds(
        Transfer,
        **base,
        chain_id=ids,
        destination_chain_id=ids,
        l2_transaction_hash=words,
        bundle_hash=words,
        index=st.integers(0, 9),
    ),
)
WITHDRAWAL = Withdrawal(bytes(32), 1, "0x" + "11" * 20, "0x" + "22" * 20, 271, b"\x01" * 32)


@given(messages)
def test_messages_go_to_json_and_back(message):
    assert message_from_json(json.loads(json.dumps(message.to_json()))) == message


@pytest.mark.parametrize(
    "change",
    [{"kind": "letter"}, {"amount": "5"}, {"amount": -1}, {"chain_id": True}, {"asset_id": "0xzz"}, {"extra": 1}],
)
def test_damaged_json_is_refused(change):
    with pytest.raises(UnknownMessage):
        message_from_json({**WITHDRAWAL.to_json(), **change})


def test_every_stage_has_its_row_and_can_be_reached():
    assert set(TRANSITIONS) == set(MessageStage)
    reached = {MessageStage.SENT}
    while more := {after for stage in reached for after in TRANSITIONS[stage]} - reached:
        reached |= more
    assert reached == set(MessageStage)
    assert {stage for stage in MessageStage if stage.is_final} == {MessageStage.CLAIMED, MessageStage.FAILED}


@pytest.mark.parametrize("stage", MessageStage)
def test_reaching_follows_the_way(stage):
    way = [MessageStage.SENT, MessageStage.INCLUDED, MessageStage.PROVEN, MessageStage.CLAIMABLE, MessageStage.CLAIMED]
    for other in MessageStage:
        passed = stage in way and other in way and way.index(stage) >= way.index(other)
        assert stage.reaches(other) == (passed or stage is other)


def test_waiting_reports_changes_once_and_ends():
    told = []
    waiting = Waiting(WITHDRAWAL, MessageStage.CLAIMABLE, 60, lambda message, status: told.append(status))
    sent, included = Status(MessageStage.SENT), Status(MessageStage.INCLUDED, "in no batch yet")
    pauses = [waiting.look(status) for status in (sent, sent, included, included, included)]
    assert all(pauses) and pauses[1] > pauses[0] and pauses[2] == pauses[0]
    assert waiting.look(Status(MessageStage.CLAIMED)) is None
    assert [status.stage.value for status in told] == ["sent", "included", "claimed"]


def test_waiting_tells_failure_from_lateness():
    with pytest.raises(MessageFailed) as failed:
        Waiting(WITHDRAWAL, MessageStage.CLAIMED, 60, None).look(Status(MessageStage.FAILED, "reverted"))
    assert failed.value.stage is MessageStage.FAILED and failed.value.bridge_message is WITHDRAWAL
    with pytest.raises(StageTimeout) as late:
        Waiting(WITHDRAWAL, MessageStage.CLAIMED, 0, None).look(Status(MessageStage.PROVEN))
    assert (late.value.stage, late.value.wanted) == (MessageStage.PROVEN, MessageStage.CLAIMED)


def test_the_public_surface_is_what_it_says():
    assert sorted(shared_bridge.__all__) == sorted(set(shared_bridge.__all__))
    for name in shared_bridge.__all__:
        assert hasattr(shared_bridge, name)
    errors = [
        value for value in vars(shared_bridge).values() if isinstance(value, type) and issubclass(value, HubError)
    ]
    assert errors and all(issubclass(error, BridgeError) for error in errors)
    public = {name for name in dir(shared_bridge.Bridge) if not name.startswith("_")} - {"hub"}
    assert public <= set(dir(shared_bridge.AsyncBridge)) | {"hub"}


def test_records_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        WITHDRAWAL.amount = 2
