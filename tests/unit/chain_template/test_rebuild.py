"""A chain whose database is damaged comes back from its block log, batches and all."""

from pathlib import Path

import pytest

from chain_template.batcher.batcher import Batcher
from chain_template.errors import StoreCorrupt
from chain_template.genesis import build_genesis
from chain_template.rebuild import rebuild
from chain_template.store import Store
from tests.support import ETHER, KEYS, sign
from tests.unit.chain_template.test_sequencer import Chain, deposit, l2_config


@pytest.mark.parametrize("damage", ["truncated", "gone", "overwritten"])
def test_every_confirmed_block_and_batch_comes_back(tmp_path: Path, damage: str) -> None:
    config = l2_config(tmp_path)
    chain = Chain(config)
    deposit(chain, 10 * ETHER)
    chain.sequencer.build_block()
    batcher = Batcher(config, chain.store)
    hashes = []
    for nonce in range(6):
        hashes.append(chain.send(sign(KEYS[0], nonce, to=b"\x99" * 20, value=1), nonce=nonce))
        chain.sequencer.build_block()
        if nonce % 2:
            batcher.seal_now()
            batcher.step()
    with chain.store.snapshot() as snapshot:
        before = snapshot.batches(1, 3)
        head = snapshot.head.hash
    chain.store.close()
    database = tmp_path / "chain.db"
    if damage == "gone":
        database.unlink()
    else:
        content = database.read_bytes()
        cut = len(content) // 2
        database.write_bytes(content[:cut] if damage == "truncated" else b"\xff" * 4096 + content[4096:])
    damaged = database.read_bytes() if database.exists() else None

    with pytest.raises(StoreCorrupt) as refused:
        Store.open(tmp_path, config.chain_id, build_genesis(config), name=config.name)
    assert f"zkhub chain repair {config.name}" in f"{refused.value} {refused.value.hint}"
    assert (database.read_bytes() if database.exists() else None) == damaged, "a refused database must stay as it is"

    rebuilt = rebuild(config)
    assert (rebuilt.blocks, rebuilt.batches) == (7, 3)
    store = Store.open(tmp_path, config.chain_id, build_genesis(config))
    with store.snapshot() as snapshot:
        assert snapshot.head.hash == head
        assert all(snapshot.receipt(tx_hash) is not None for tx_hash in hashes)
        for old, new in zip(before, snapshot.batches(1, 3), strict=True):
            assert (new.public_input, new.first_block, new.last_block) == (
                old.public_input,
                old.first_block,
                old.last_block,
            )
    store.verify()
    store.close()
