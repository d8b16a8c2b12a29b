"""Every refusal: its type, the first words that clients match on, and a pool that is as it was."""

import pytest

from chain_template.config import MempoolSettings
from chain_template.errors import (
    AlreadyKnown,
    FeeTooLow,
    GasLimitTooHigh,
    InsufficientFunds,
    IntrinsicGasTooLow,
    MempoolFull,
    NonceTooHigh,
    NonceTooLow,
    ReplacementUnderpriced,
    SenderHasCode,
    TransactionError,
    TransactionTooLarge,
    UnsupportedTransactionType,
    WrongChainId,
)
from chain_template.mempool import Mempool
from chain_template.transactions import AccessListEntry
from tests.unit.chain_template.mempool.offers import BLOCK_GAS, CHAIN_ID, make_pool, offer, put


def refused(pool, transaction, error, words, **situation):
    """The pool says no with this error and these first words, and nothing changed."""
    before = pool.content()
    with pytest.raises(error) as caught:
        put(pool, transaction, **situation)
    assert type(caught.value) is error
    assert isinstance(caught.value, TransactionError)
    assert str(caught.value).startswith(words)
    assert pool.content() == before
    return caught.value


@pytest.mark.parametrize(
    ("transaction", "error", "words"),
    [
        (offer(0, 0, type=0x7F), UnsupportedTransactionType, "transaction type 0x7f"),
        (offer(0, 0, type=0x7E), UnsupportedTransactionType, "transaction type 0x7e"),
        (offer(0, 0, chain_id=1), WrongChainId, "the transaction is for chain 1"),
        (offer(0, 0, raw=bytes(131_073)), TransactionTooLarge, "oversized data: transaction size 131073, limit 131072"),
        (
            offer(0, 0, raw=b"1", to=None, data=bytes(49_153), gas_limit=1_000_000),
            TransactionTooLarge,
            "max initcode size exceeded: code size 49153, limit 49152",
        ),
        (offer(0, 0, gas_limit=BLOCK_GAS + 1), GasLimitTooHigh, "exceeds block gas limit"),
        (offer(0, 0, 100, 101), FeeTooLow, "max priority fee per gas higher than max fee per gas: address 0xa0"),
        (offer(0, 0, gas_limit=20_999), IntrinsicGasTooLow, "intrinsic gas too low: gas 20999, minimum needed 21000"),
        (offer(0, 0, data=b"\x00\x01", gas_limit=21_019), IntrinsicGasTooLow, "intrinsic gas too low"),
        (offer(0, 0, to=None, gas_limit=52_999), IntrinsicGasTooLow, "intrinsic gas too low"),
        (
            offer(0, 0, gas_limit=25_299, access_list=(AccessListEntry(b"\x02" * 20, (1,)),)),
            IntrinsicGasTooLow,
            "intrinsic gas too low: gas 25299, minimum needed 25300",
        ),
        (offer(0, 0, 9), FeeTooLow, "max fee per gas less than block base fee: address 0xa0"),
        (offer(0, 2**64 - 1), NonceTooHigh, "nonce has max value"),
        (offer(0, 1_001), NonceTooHigh, "nonce too high: next nonce 0, tx nonce 1001"),
    ],
)
def test_a_transaction_that_is_wrong_by_itself(transaction, error, words):
    situation = {"nonce": 2**64 - 1} if transaction.nonce == 2**64 - 1 else {}
    refused(make_pool(), transaction, error, words, **situation)


@pytest.mark.parametrize(
    "transaction",
    [
        offer(0, 0, data=b"\x00\x01", gas_limit=21_020),
        offer(0, 0, to=None, gas_limit=53_000),
        offer(0, 0, raw=b"1", to=None, data=bytes(49_152), gas_limit=1_000_000),
        offer(0, 0, raw=bytes(131_072)),
        offer(0, 0, gas_limit=BLOCK_GAS),
        offer(0, 0, 10, 0),
        offer(0, 0, gas_limit=25_300, access_list=(AccessListEntry(b"\x02" * 20, (1,)),)),
        offer(0, 0, chain_id=None, type=0),
        offer(0, 1_000),
    ],
)
def test_the_last_value_that_is_allowed(transaction):
    pool = make_pool()
    put(pool, transaction)
    assert pool.get(transaction.hash) == transaction


def test_a_contract_cannot_send():
    refused(make_pool(), offer(0, 0), SenderHasCode, "sender not an eoa", sender_has_code=True)


def test_a_nonce_that_is_used():
    error = refused(make_pool(), offer(0, 4), NonceTooLow, "nonce too low: next nonce 5, tx nonce 4", nonce=5)
    assert error.fields == {"next_nonce": 5}


def test_the_pool_remembers_a_later_nonce_than_the_caller_read():
    """The caller read the account before a block, and asks after it."""
    pool = make_pool()
    put(pool, offer(0, 0))
    put(pool, offer(0, 1))
    pool.on_block([offer(0, 0)], now_s=1)
    refused(pool, offer(0, 0, 500), NonceTooLow, "nonce too low: next nonce 1, tx nonce 0", nonce=0)


def test_the_gap_counts_from_what_is_pending():
    pool = make_pool(max_nonce_gap=2)
    refused(pool, offer(0, 3), NonceTooHigh, "nonce too high: next nonce 0, tx nonce 3")
    put(pool, offer(0, 0))
    put(pool, offer(0, 3))
    refused(pool, offer(0, 4), NonceTooHigh, "nonce too high: next nonce 1, tx nonce 4")
    put(pool, offer(0, 1))
    put(pool, offer(0, 4))


def test_no_gap_at_all():
    pool = make_pool(max_nonce_gap=0)
    refused(pool, offer(0, 8), NonceTooHigh, "nonce too high: next nonce 7", nonce=7)
    put(pool, offer(0, 7), nonce=7)
    put(pool, offer(0, 8), nonce=7)


def test_it_is_known():
    pool = make_pool()
    put(pool, offer(0, 0))
    refused(pool, offer(0, 0), AlreadyKnown, "already known")


def test_the_sender_cannot_pay():
    transaction = offer(0, 0, 100, value=5)
    cost = 100 * 21_000 + 5
    pool = make_pool()
    refused(
        pool,
        transaction,
        InsufficientFunds,
        f"insufficient funds for gas * price + value: balance {cost - 1}, queued cost 0, tx cost {cost}, overshot 1",
        balance=cost - 1,
    )
    put(pool, transaction, balance=cost)


def test_the_sender_must_be_able_to_pay_for_all_of_them():
    cost = 100 * 21_000
    pool = make_pool()
    put(pool, offer(0, 0), balance=2 * cost)
    put(pool, offer(0, 1), balance=2 * cost)
    refused(pool, offer(0, 2), InsufficientFunds, "insufficient funds for gas * price + value", balance=3 * cost - 1)
    # A replacement counts instead of what it replaces, and what a block took counts no more.
    put(pool, offer(0, 1, 110), balance=cost + 110 * 21_000)
    pool.on_block([offer(0, 0)], now_s=1)
    put(pool, offer(0, 2), nonce=1, balance=(110 + 100) * 21_000)
    refused(pool, offer(0, 3), InsufficientFunds, "insufficient funds", nonce=2, balance=2 * cost - 1)
    put(pool, offer(0, 3), nonce=2, balance=2 * cost)


@pytest.mark.parametrize(
    ("fee", "tip", "enough"),
    [(110, 11, True), (109, 11, False), (110, 10, False), (1_000, 10, False), (109, 1_000, False), (500, 50, True)],
)
def test_a_replacement_has_to_raise_both(fee, tip, enough):
    pool = make_pool()
    put(pool, offer(0, 0, 100, 10))
    new = offer(0, 0, fee, min(tip, fee))
    if enough:
        put(pool, new)
        assert pool.content().pending == {new.sender: {0: new}}
        assert len(pool) == 1
    else:
        words = "replacement transaction underpriced: nonce 0 needs maxFeePerGas 110 and maxPriorityFeePerGas 11"
        error = refused(pool, new, ReplacementUnderpriced, words)
        assert error.fields == {"wanted_fee": 110, "wanted_tip": 11}


def test_the_bump_is_rounded_up_and_can_be_set():
    pool = Mempool(MempoolSettings(replacement_bump_percent=25), CHAIN_ID, BLOCK_GAS)
    put(pool, offer(0, 0, 3, 1))
    refused(
        pool, offer(0, 0, 3, 2), ReplacementUnderpriced, "replacement transaction underpriced: nonce 0 needs maxFee"
    )
    refused(pool, offer(0, 0, 4, 1), ReplacementUnderpriced, "replacement transaction underpriced")
    put(pool, offer(0, 0, 4, 2))


def test_without_a_tip_only_the_cap_rises():
    """zksync-ethers sends every transaction with a tip of 0."""
    pool = make_pool()
    put(pool, offer(0, 0, 100, 0))
    put(pool, offer(0, 0, 110, 0))


def test_one_sender_s_share():
    pool = make_pool(max_per_sender=3)
    for nonce in (0, 1, 5):
        put(pool, offer(0, nonce))
    refused(pool, offer(0, 6), MempoolFull, "txpool is full: it holds 3 transactions of 0xa0")
    # What comes before is worth more to its sender than what comes last.
    put(pool, offer(0, 2))
    assert set(pool.content().pending[offer(0, 0).sender]) == {0, 1, 2}
    put(pool, offer(0, 2, 200))
    put(pool, offer(1, 0))


def test_a_share_of_one():
    pool = make_pool(max_per_sender=1)
    put(pool, offer(0, 4))
    put(pool, offer(0, 3))
    put(pool, offer(0, 0))
    assert pool.content().pending == {offer(0, 0).sender: {0: offer(0, 0)}}
    assert len(pool) == 1
