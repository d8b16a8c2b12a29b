"""What clients see while blocks are being made: nothing half done, nothing that goes back."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import GWEI
from tests.unit.chain_template.rpc.conftest import Deployed, serve
from tests.unit.chain_template.rpc.served import KEYS, Client, ServedChain, l1_config, sign

SECONDS = 2.0


class Load:
    """Sends transfers from one key as fast as it can, in a thread."""

    def __init__(self, url: str, key: int) -> None:
        self.sent: list[str] = []
        self.error: BaseException | None = None
        self._client = Client(url)
        self._key = key
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()
        self._client.http.close()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        nonce = int(self._client.call("eth_getTransactionCount", KEYS[self._key].address, "pending"), 16)
        try:
            while not self._stop.is_set():
                raw = sign(KEYS[self._key], nonce, to=b"\x66" * 20, value=1, maxFeePerGas=50 * GWEI)
                self.sent.append(self._client.call("eth_sendRawTransaction", "0x" + raw.hex()))
                nonce += 1
        except BaseException as exc:
            self.error = exc


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    chain = ServedChain(l1_config(tmp_path_factory.mktemp("busy")))
    try:
        yield serve(chain)
    finally:
        chain.stop()


def url_of(deployed: Deployed) -> str:
    return str(deployed.client.http.base_url)


@pytest.mark.parametrize("heavy", [False, True])
def test_a_batch_is_answered_from_one_head(busy: Deployed, heavy: bool) -> None:
    """Both on the event loop and, with a call in it, in a worker thread."""
    client = busy.client
    seen = set()
    with Load(url_of(busy), 1):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            middle = [client.request("eth_call", {"to": busy.many, "data": "0x0c"}, "latest")] if heavy else []
            batch = [
                client.request("eth_blockNumber"),
                client.request("eth_getBlockByNumber", "latest", False),
                client.request("eth_getTransactionCount", KEYS[1].address, "latest"),
                *middle,
                client.request("eth_getBlockByNumber", "latest", True),
                client.request("eth_getTransactionCount", KEYS[1].address, "latest"),
                client.request("eth_blockNumber"),
            ]
            first, block, nonce, *rest = (answer["result"] for answer in client.post(batch))
            last_block, last_nonce, last = rest[-3:]
            assert first == last == block["number"] == last_block["number"]
            assert nonce == last_nonce
            if heavy:
                assert int(rest[0][2:66], 16) == int(first, 16)
            seen.add(first)
    assert len(seen) > 5


def test_a_receipt_is_there_no_later_than_its_block(busy: Deployed) -> None:
    """The batch that made clients hang: a null receipt next to a number that already counts its block."""
    client = busy.client
    nulls = 0
    with Load(url_of(busy), 2) as load:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if not load.sent:
                continue
            tx_hash = load.sent[-1]
            number, receipt, again = (
                answer["result"]
                for answer in client.post(
                    [
                        client.request("eth_blockNumber"),
                        client.request("eth_getTransactionReceipt", tx_hash),
                        client.request("eth_blockNumber"),
                    ]
                )
            )
            assert number == again
            if receipt is None:
                nulls += 1
                found = client.receipt(tx_hash)
                assert int(found["blockNumber"], 16) > int(number, 16)
            else:
                assert int(receipt["blockNumber"], 16) <= int(number, 16)
    assert nulls > 0


def test_a_sender_always_sees_its_own_transactions(busy: Deployed) -> None:
    """Whatever moment a transaction moves from the pool into a block, it is visible, and its nonce counts as used."""
    client = busy.client
    address = KEYS[3].address
    with Load(url_of(busy), 4):
        nonce = int(client.call("eth_getTransactionCount", address, "pending"), 16)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            raw = "0x" + sign(KEYS[3], nonce, to=b"\x66" * 20, maxFeePerGas=50 * GWEI).hex()
            tx_hash = client.call("eth_sendRawTransaction", raw)
            nonce += 1
            for _ in range(8):
                assert client.call("eth_getTransactionCount", address, "pending") == hex(nonce)
                assert client.call("eth_getTransactionByHash", tx_hash) is not None
            batch = [
                client.request("eth_blockNumber"),
                client.request("eth_getTransactionByHash", tx_hash),
                client.request("eth_getTransactionReceipt", tx_hash),
            ]
            number, tx, receipt = (answer["result"] for answer in client.post(batch))
            # In one batch both agree: in a block, or pending.
            assert (receipt is None) == (tx["blockNumber"] is None)
            if receipt is not None:
                assert int(tx["blockNumber"], 16) <= int(number, 16)


def test_the_head_never_goes_back(busy: Deployed) -> None:
    client = busy.client
    with Load(url_of(busy), 5):
        last = 0
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            number = int(client.call("eth_blockNumber"), 16)
            assert number >= last
            block = client.call("eth_getBlockByNumber", hex(number), False)
            assert (block is not None and block["transactions"] != []) or number == 0
            last = number


def test_a_raw_transaction_in_a_batch_does_not_see_its_own_block(tmp_path: Path) -> None:
    chain = ServedChain(l1_config(tmp_path))
    client = chain.start()
    try:
        raw = "0x" + sign(KEYS[0], 0, to=b"\x66" * 20).hex()
        batch = [
            client.request("eth_blockNumber"),
            client.request("eth_sendRawTransaction", raw),
            client.request("eth_call", {"to": "0x" + "66" * 20}, "latest"),
            client.request("eth_blockNumber"),
        ]
        before, tx_hash, _, after = (answer["result"] for answer in client.post(batch))
        assert before == after == "0x0"
        assert client.receipt(tx_hash)["blockNumber"] == "0x1"
    finally:
        chain.stop()
