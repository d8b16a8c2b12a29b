"""A command is done at most once, wherever the node is lost, and repeating it says what happened."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_bridge.errors import AccountError, AmountError, BridgeRefused, ChainPausedError, RpcLost
from shared_bridge.interfaces import PAUSED
from shared_bridge.node import Call, account_address, private_key
from tests.unit.shared_bridge.fakes import KEY, OWNER, FakeNode, Lost, Refusal, node_of

CALL = Call("0x" + "77" * 20, b"\x01\x02", 5, "a transaction")
IDENTITY = ("deposit", 271, b"\x01", 5)


def command(node, call=CALL, identity=IDENTITY):
    """What deposit, withdraw and send do."""
    return node.resume(KEY, identity) or node.transact(KEY, call, identity)


def lose_at(fake, step, when):
    """Lose the node at its request number ``step``, before or after it has done what was asked."""
    seen = [0]

    def hook(method):
        if seen[0] == step:
            fake.before = fake.after = None
            raise Lost
        seen[0] += 1

    setattr(fake, when, hook)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 7), st.sampled_from(["before", "after"])), min_size=1, max_size=4), st.booleans()
)
def test_losing_the_node_anywhere_never_doubles_a_command(struck, mining):
    fake = FakeNode(mining=mining)
    node = node_of(fake, receipt_timeout_s=0.02)
    for step, when in struck:
        lose_at(fake, step, when)
        try:
            command(node)
        except RpcLost:
            continue
        # It was done before this loss could strike: the next one is a new command.
        return
    fake.before = fake.after = None
    fake.mine()
    fake.mining = True
    receipt = command(node)
    assert fake.handed_in == ["0x" + receipt.transaction_hash.hex()]


def test_a_command_after_a_finished_one_is_a_new_one():
    fake = FakeNode()
    node = node_of(fake)
    assert command(node).transaction_hash != command(node).transaction_hash
    assert len(fake.handed_in) == 2


def test_a_lost_command_does_not_stand_for_another():
    fake = FakeNode(mining=False)
    node = node_of(fake, receipt_timeout_s=0.02)
    with pytest.raises(RpcLost):
        command(node)
    fake.mining = True
    command(node, identity=("deposit", 272, b"\x01", 5))
    assert len(fake.handed_in) == 2


def test_a_command_whose_nonce_went_elsewhere_is_sent_anew():
    fake = FakeNode()
    node = node_of(fake)

    def at_sending(method):
        if method == "eth_sendRawTransaction":
            fake.before = None
            raise Lost

    fake.before = at_sending
    with pytest.raises(RpcLost):
        command(node)
    fake.nonces[OWNER.lower()] = 3
    command(node)
    assert len(fake.handed_in) == 1


@pytest.mark.parametrize("account", [KEY, KEY.hex(), "0x" + KEY.hex()])
def test_keys_are_read_in_every_form(account):
    assert private_key(account) == KEY and account_address(account) == OWNER


@pytest.mark.parametrize("account", ["", "0x12", b"\x01", bytes(32), "zz" * 32, 5])
def test_what_is_no_key_is_refused_without_being_shown(account):
    with pytest.raises(AccountError) as refused:
        private_key(account)
    assert not account or str(account) not in str(refused.value)


def test_refusals_get_the_bridges_names():
    fake = FakeNode()
    node = node_of(fake)
    target = "0x" + "88" * 20
    fake.calls[target, PAUSED.selector.hex()] = Refusal({"code": 3, "message": "x", "data": "0xd93c0665"})
    with pytest.raises(ChainPausedError):
        node.read(target, PAUSED)
    fake.methods["eth_estimateGas"] = _refuse("execution reverted: no", 3)
    with pytest.raises(BridgeRefused, match="a transaction"):
        command(node)
    fake.methods["eth_estimateGas"] = _refuse("insufficient funds for gas * price + value")
    with pytest.raises(AmountError, match="cannot pay"):
        command(node)
    fake.methods["eth_estimateGas"] = _refuse("the wind is strong")
    with pytest.raises(BridgeRefused, match="wind"):
        command(node)
    assert not fake.handed_in


def _refuse(message, code=-32000):
    def refuse(*_):
        raise Refusal({"code": code, "message": message})

    return refuse
