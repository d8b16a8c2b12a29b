"""net_ and web3_: what a node says of itself."""

import platform

import zkhub
from chain_template.primitives import keccak
from chain_template.rpc.format import hexstr
from chain_template.rpc.params import Param, data
from chain_template.rpc.registry import Methods
from chain_template.rpc.view import View

methods = Methods()


@methods("net_version")
def net_version(view: View) -> str:
    """The chain's id, in decimal."""
    return str(view.config.chain_id)


@methods("net_listening")
def net_listening(view: View) -> bool:
    """Always true."""
    return True


@methods("net_peerCount")
def net_peer_count(view: View) -> str:
    """Always zero: a chain has one sequencer and no peers."""
    return "0x0"


@methods("web3_clientVersion")
def client_version(view: View) -> str:
    """Name and version of this node."""
    return f"zkhub/v{zkhub.__version__}/{platform.system().lower()}/python{platform.python_version()}"


@methods("web3_sha3", Param("data", data))
def web3_sha3(view: View, given: bytes) -> str:
    """Keccak-256 of the given bytes."""
    return hexstr(keccak(given))
