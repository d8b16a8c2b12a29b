"""Transactions that need not wait for each other."""

from collections.abc import Sequence
from typing import Any, Final

from contracts.abi import encode_call, encode_deploy
from contracts.artifacts import Artifact, load
from contracts.client import Fees, Receipt
from contracts.sender import Sender, SentTransaction

_CONSTRUCTOR_GAS: Final = 1_500_000
_SETUP_GAS: Final = 300_000


class Pipeline:
    """Transactions of one sender that are all handed in before the first is waited for.

    Gas cannot be estimated for a call of a contract that is not there yet, so limits are computed or fixed.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._fees: Fees | None = None
        self._sent: list[tuple[str, SentTransaction]] = []

    def create(self, artifact: Artifact, args: Sequence[Any]) -> None:
        """Create a contract."""
        init_code = encode_deploy(artifact, args)
        gas = _creation_gas(init_code, len(artifact.deployed_bytecode))
        self._send(f"creation of {artifact.name}", None, init_code, gas)

    def call(self, name: str, address: str, function: str, args: Sequence[Any], gas: int = _SETUP_GAS) -> None:
        """Call a contract."""
        self._send(f"{name}.{function}", address, encode_call(load(name), function, args), gas)

    def wait(self) -> list[Receipt]:
        """Wait for all of them; raises what the first that failed raised."""
        client = self._sender.client
        return [client.wait_for_receipt(sent.hash, what=what) for what, sent in self._sent]

    def _send(self, what: str, to: str | None, data: bytes, gas: int) -> None:
        if self._fees is None:
            self._fees = self._sender.client.fees()
        self._sent.append((what, self._sender.send(to, data, gas=gas, fees=self._fees)))


def _creation_gas(init_code: bytes, code_size: int) -> int:
    """Upper bound of a creation's gas: intrinsic, calldata, code deposit, and room for the constructor."""
    words = (len(init_code) + 31) // 32
    return 53_000 + 16 * len(init_code) + 2 * words + 200 * code_size + _CONSTRUCTOR_GAS
