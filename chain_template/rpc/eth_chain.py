"""eth_: the chain itself, what it is and where its head is."""

from typing import Any

from chain_template.rpc.format import hexstr
from chain_template.rpc.registry import Methods
from chain_template.rpc.view import View

methods = Methods()


@methods("eth_chainId")
def chain_id(view: View) -> str:
    """The chain's id (EIP-155)."""
    return hex(view.config.chain_id)


@methods("eth_blockNumber")
def block_number(view: View) -> str:
    """Number of the last block."""
    return hex(view.snapshot.head_number)


@methods("eth_syncing")
def syncing(view: View) -> bool:
    """Always false: a sequencer is never behind its own chain."""
    return False


@methods("eth_protocolVersion")
def protocol_version(view: View) -> str:
    """Version of the Ethereum wire protocol whose blocks these are; clients only check that it is a number."""
    return hex(68)


@methods("eth_accounts")
def accounts(view: View) -> list[Any]:
    """Always empty: the node holds no user's keys."""
    return []


@methods("eth_coinbase")
def coinbase(view: View) -> str:
    """The fee recipient of new blocks."""
    return hexstr(view.backend.pending_context(view.snapshot).fee_recipient)


@methods("eth_mining")
def mining(view: View) -> bool:
    """Always false: nothing is mined here."""
    return False


@methods("eth_hashrate")
def hashrate(view: View) -> str:
    """Always zero."""
    return "0x0"
