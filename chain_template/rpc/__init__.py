"""The chain's JSON-RPC endpoint, over HTTP and WebSocket on one port.

``server`` listens, ``http`` and ``websocket`` speak the transports, ``dispatch`` speaks JSON-RPC, ``view`` is what one
request sees of the chain, and the methods are in one small file a subject, listed in ``catalog``.
"""

from chain_template.rpc.backend import RpcBackend
from chain_template.rpc.server import RpcServer

__all__ = ["RpcBackend", "RpcServer"]
