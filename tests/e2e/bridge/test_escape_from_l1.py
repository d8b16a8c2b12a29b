"""An operator and all his data are gone: a user leaves by the `zkhub escape` commands, with L1's data alone."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contracts.abi import encode_call
from contracts.artifacts import load
from contracts.genesis import eth_asset_id
from ecosystem.way_out import WayOut
from shared_bridge.errors import BridgeRefused, EscapeError, ProofError
from shared_bridge.escape import Escape
from tests.e2e.bridge.lab import ALICE, BOB, ETHER, RELAYER, bridge_lab
from tests.e2e.settlement.conftest import on_anvil_in_soak
from tests.e2e.settlement.lab import wait_until

DEADLINE_S = 3
ZKHUB = str(Path(sys.executable).with_name("zkhub"))


@pytest.fixture(params=["embedded", on_anvil_in_soak])
def abandoned(request, tmp_path):
    """A chain on which Alice has ether and two tokens, one of them born there; its operator's data is destroyed."""
    with bridge_lab(request.param, tmp_path, chains=1, priority_expiration_s=DEADLINE_S) as lab:
        lab.fund(ALICE, "a", amount=ETHER)
        lab.token = lab.deploy_token(ALICE)
        lab.wait(lab.bridge.deposit(ALICE, "a", lab.token, 100))
        lab.asset = lab.bridge.asset_id(lab.token)
        # A withdrawal that was made in good times, and not claimed yet.
        lab.old = lab.bridge.withdraw(ALICE, "a", lab.asset, 7, BOB.address)
        wait_until(lambda: lab.nodes["a"].is_settled(), what="settlement")
        lab.stop("a")
        shutil.rmtree(lab.configs["a"].data_dir)
        yield lab


def zkhub(lab, tmp_path, *arguments, account=BOB):
    """Run a command as somebody who has never seen the hub."""
    key = tmp_path / f"{account.address}.key"
    key.write_text(account.key.hex())
    command = [ZKHUB, "escape", *arguments[:1], "271", *arguments[1:]]
    if arguments[0] != "status":
        command += ["--key-file", str(key)]
    command += ["--l1-url", lab.url, "--bridgehub", lab.ecosystem.bridgehub, "--json"]
    ran = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, timeout=120)
    return json.loads(ran.stdout) if ran.returncode == 0 else ran


def test_a_user_leaves_with_l1_alone(abandoned, tmp_path):
    lab = abandoned
    asset = "0x" + lab.asset.hex()
    with Escape(lab.url, lab.ecosystem.bridgehub, 271) as escape:
        escape.request_withdrawal(ALICE, lab.asset, 60, BOB.address)
        escape.request_withdrawal(ALICE, eth_asset_id(lab.bridge.hub.l1_chain_id), ETHER // 2, BOB.address)
        # One that fails on the chain is served too.
        escape.request(ALICE, lab.token, encode_call(load("TestToken"), "mint", [ALICE.address, 1]))
    too_early = zkhub(lab, tmp_path, "settle", account=RELAYER)
    assert too_early.returncode != 0 and "not in priority mode" in too_early.stderr
    wait_until(lambda: zkhub(lab, tmp_path, "status")["overdue"], what="the deadline")
    time.sleep(1)
    zkhub(lab, tmp_path, "activate")

    settled = zkhub(lab, tmp_path, "settle", account=RELAYER)
    assert [request for batch in settled for request in batch["requests"]] == [2, 3, 4]
    assert zkhub(lab, tmp_path, "settle", account=RELAYER) == []
    assert zkhub(lab, tmp_path, "status")["waiting"] == 0

    ether = lab.bridge.balance(BOB.address, "eth")
    claimed = zkhub(lab, tmp_path, "claim", "--to", BOB.address, account=RELAYER)
    assert sorted((each["asset_id"], each["amount"]) for each in claimed if each["asset_id"]) == [
        (asset, "60"),
        (asset, "7"),
    ]
    assert lab.bridge.balance(BOB.address, lab.token) == 67
    assert lab.bridge.balance(BOB.address, "eth") == ether + ETHER // 2
    again = zkhub(lab, tmp_path, "claim", "--to", BOB.address, account=RELAYER)
    assert len(again) == 3 and all(each["l1_transaction"] is None for each in again)


def test_what_is_claimed_is_checked(abandoned):
    lab = abandoned
    place = (lab.url, lab.ecosystem.bridgehub, 271)
    with WayOut(*place) as way_out, Escape(*place) as escape:
        with pytest.raises(EscapeError, match="not in priority mode"):
            way_out.settle(bytes(RELAYER.key))
        (withdrawal,) = way_out.withdrawals(BOB.address)
        assert way_out.withdrawals(ALICE.address) == []
        found = withdrawal.inclusion
        forged = dataclasses.replace(found, raw=dataclasses.replace(found.raw, data=found.raw.data[:-1] + b"\x01"))
        with pytest.raises(ProofError):
            escape.claim(RELAYER, forged)
        with pytest.raises((ProofError, BridgeRefused)):
            escape.claim(RELAYER, dataclasses.replace(found, index=found.index + 1))
        assert escape.claim(RELAYER, found) is not None
        assert escape.claim(RELAYER, found) is None
    assert lab.bridge.balance(BOB.address, lab.token) == 7
