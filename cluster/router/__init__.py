"""The message router: everything that crosses the bridge, followed and helped on its way. Plain Python, no Ray."""

from cluster.router.messages import Found, Look, MessageInfo, MessageKind, Order
from cluster.router.router import MessageRouter
from cluster.router.seams import Bridge, Endpoints

__all__ = ["Bridge", "Endpoints", "Found", "Look", "MessageInfo", "MessageKind", "MessageRouter", "Order"]
