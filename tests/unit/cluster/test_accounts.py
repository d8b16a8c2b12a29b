"""Shares and accounts, figure by figure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.pool.accounts import Account, ended, shares, started, with_work
from cluster.settings import MOST_RESERVED

ACCOUNTS = st.lists(st.tuples(st.floats(0.001, 100), st.floats(0, 1)), min_size=1, max_size=8).map(
    lambda drawn: [
        Account(number, weight, reserved * MOST_RESERVED / max(1.0, sum(r for _, r in drawn)))
        for number, (weight, reserved) in enumerate(drawn)
    ]
)


def test_shares_follow_the_weights() -> None:
    assert shares([Account(1), Account(2), Account(3, weight=2.0)]) == {1: 0.25, 2: 0.25, 3: 0.5}


def test_a_reserve_is_a_floor_and_not_an_addition() -> None:
    assert shares([Account(1, reserved=0.2), Account(2)]) == {1: 0.5, 2: 0.5}
    assert shares([Account(1, reserved=0.8), Account(2)]) == pytest.approx({1: 0.8, 2: 0.2})
    assert shares([Account(1, reserved=0.8)]) == {1: 1.0}
    assert shares([]) == {}


@given(ACCOUNTS)
def test_shares_are_whole_and_keep_every_reserve(accounts: list[Account]) -> None:
    parts = shares(accounts)
    assert sum(parts.values()) == pytest.approx(1.0)
    for account in accounts:
        assert parts[account.chain_id] >= account.reserved - 1e-9
    free = [account for account in accounts if parts[account.chain_id] > account.reserved + 1e-9]
    levels = [parts[account.chain_id] / account.weight for account in free]
    assert levels == pytest.approx([levels[0]] * len(levels)) if levels else True


def test_an_account_is_charged_by_estimate_and_corrected_by_what_it_took() -> None:
    account = started(Account(1), level_s=100.0, cost_s=30.0, share=0.5, lease=7)
    assert (account.virtual_s, account.served, account.used_s) == (160.0, 7, 0.0)
    account = ended(account, estimate_s=30.0, actual_s=20.0, share=0.5)
    assert (account.virtual_s, account.used_s) == (140.0, 20.0)


def test_who_comes_back_begins_at_the_clock_and_who_stays_keeps_his_place() -> None:
    before = {1: Account(1, virtual_s=5.0, active=True), 2: Account(2, virtual_s=5.0), 3: Account(3, virtual_s=90.0)}
    after = with_work(before, [1, 2, 3, 4], clock_s=50.0)
    assert {chain: account.virtual_s for chain, account in after.items()} == {1: 5.0, 2: 50.0, 3: 90.0, 4: 50.0}
    assert all(account.active for account in after.values())
    assert not with_work(after, [], clock_s=60.0)[1].active
