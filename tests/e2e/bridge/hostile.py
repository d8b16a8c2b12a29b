"""Tokens that do what no token should; ``src/HostileTokens.sol`` is compiled when one is first asked for."""

from pathlib import Path

from contracts.abi import decode_result, encode_call, encode_deploy, explain_revert
from tests import solidity

SOURCE = Path(__file__).parent / "src" / "HostileTokens.sol"
needs_solc = solidity.needs_solc


def compiled(name):
    """One of the source's contracts."""
    return solidity.compiled(SOURCE, name)


class HostileToken:
    """A hostile token on L1, or on a chain.

    Attributes:
        address: Where it is.
    """

    def __init__(self, lab, kind, account, chain=None, supply=10**6):
        self._artifact = compiled(kind)
        self._sender = lab.sender(account, chain)
        self.address = self._sender.transact(None, encode_deploy(self._artifact)).contract_address
        self.call("mint", account.address, supply)

    def call(self, function, *args):
        """A transaction."""
        # The account acts through the bridge too.
        self._sender.forget_nonce()
        return self._sender.transact(self.address, encode_call(self._artifact, function, list(args)))

    def pay(self, wei):
        """Give it ether to act with."""
        self._sender.forget_nonce()
        self._sender.transact(self.address, value=wei)

    def arm(self, *orders, insists=False):
        """What it does when it is moved or paid next: (contract, wei, calldata) each."""
        self.call("arm", list(orders), insists)

    def act(self, target, data, wei=0):
        """Have it do something at once."""
        self.call("act", (target, wei, data))

    def refusals(self):
        """How each order of the last move ended: the name of the error, or None where it succeeded."""
        data = self._sender.client.call(self.address, encode_call(self._artifact, "outcomes"))
        found = decode_result(self._artifact, "outcomes", data)
        return [None if done else explain_revert(answer).name for done, answer in found]
