"""EIP-712 transactions (0x71) in a batch: the signature is checked again, the stated sender is not believed."""

import pytest

from chain_template.batcher.batch_input import decode_batch_input
from chain_template.batcher.batch_program import run
from chain_template.errors import BatchInputError
from tests.unit.chain_template.batcher.test_batch_program import with_block
from tests.unit.chain_template.batcher.toy_chain import ALICE, BOB, ToyChain
from tests.unit.chain_template.test_eip712 import sign_0x71


def test_a_0x71_transaction_is_re_executed_and_a_stolen_sender_is_refused():
    chain = ToyChain()
    raw = sign_0x71(ALICE)
    chain.add(raw)
    built = chain.batch(1, 1)
    assert run(built.batch_input, batch_number=1) == built.output
    assert built.output.commit.number_of_layer2_txs == 1
    (given,) = decode_batch_input(built.batch_input).blocks
    stolen = raw.replace(bytes.fromhex(ALICE.address[2:]), bytes.fromhex(BOB.address[2:]))
    assert stolen != raw and given.transactions == (raw,)
    with pytest.raises(BatchInputError) as caught:
        run(with_block(built, 0, transactions=(stolen,)))
    assert caught.value.reason == "transaction"
