import pytest

from chain_template.settlement.account import Attempt, PendingCall
from chain_template.settlement.calls import SettlementCall
from chain_template.settlement.refusals import _VERDICTS, Verdict, verdict
from chain_template.store.records import BatchStage
from contracts.abi import explain_revert
from contracts.artifacts import artifact_names, load
from contracts.client import Fees
from contracts.errors import TransactionReverted


def test_what_is_written_down_comes_back():
    call = SettlementCall(BatchStage.EXECUTED, 3, 5, "0x" + "0a" * 20, b"\x00\x01data")
    attempts = (
        Attempt(b"\x01" * 32, Fees(20, 2), 1_700_000_000.25),
        Attempt(b"\x02" * 32, Fees(30, 3), 1_700_000_016.0),
    )
    pending = PendingCall(call, 7, 123_456, attempts)
    assert PendingCall.from_json(pending.to_json()) == pending
    assert pending.call.what == "execute of batches 3 to 5"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TimeNotReached", Verdict.WAIT),
        ("BatchHashMismatch", Verdict.RETRY),
        ("RoleAccessDenied", Verdict.REFUSED),
        ("", Verdict.REFUSED),
    ],
)
def test_verdicts(name, expected):
    assert verdict(TransactionReverted("call", "reason", error_name=name)) is expected


def test_every_refusal_that_is_judged_exists_in_the_contracts():
    known = {item.name for name in artifact_names() for item in load(name).items if item.kind == "error"}
    assert set(_VERDICTS) <= known
    selector = next(item for item in load("ValidatorTimelock").items if item.name == "TimeNotReached").selector
    assert explain_revert(selector + bytes(64)).name == "TimeNotReached"
