import pytest

from tests.unit.chain_template.batcher.stored_chain import ALICE, BOB, ETHER
from tests.unit.chain_template.batcher.toy_chain import word
from tests.unit.chain_template.from_l1.told_by_store import new_chain, seal


@pytest.fixture
def chain(tmp_path):
    chain = new_chain(tmp_path / "old")
    seal(chain)
    for slot in range(3):
        chain.block(chain.call(ALICE, chain.store_address, word(slot) + word(7)))
        chain.block(chain.call(ALICE, BOB.address, value=ETHER))
        seal(chain)
    yield chain
    chain.store.close()
