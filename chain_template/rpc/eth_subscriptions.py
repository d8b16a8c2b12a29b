"""eth_subscribe and eth_unsubscribe: on a WebSocket only."""

from difflib import get_close_matches
from typing import Any

from chain_template.rpc.errors import InvalidParams, ServerError
from chain_template.rpc.logs import LogQuery, subscription_query
from chain_template.rpc.params import Malformed, Param, anything, boolean, text
from chain_template.rpc.registry import Methods, Run
from chain_template.rpc.subscriptions import Subscription, Topic
from chain_template.rpc.websocket import WebSocketSession

methods = Methods()

_NAMES = [topic.value for topic in Topic]


def _topic(value: Any) -> Topic:
    name = text(value)
    if name in _NAMES:
        return Topic(name)
    near = get_close_matches(name, _NAMES, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else f"; there are {', '.join(_NAMES)}"
    raise Malformed(f'no "{name}" subscription in eth namespace{hint}')


@methods("eth_subscribe", Param("subscription", _topic), Param("options", anything, optional=True), run=Run.SESSION)
def subscribe(session: WebSocketSession, topic: Topic, options: Any) -> str:
    """Be told of new heads, logs or pending transactions; returns the subscription's id."""
    query, whole = _options(topic, options)
    return session.hub.add(session, Subscription(topic, session.notify, query, whole))


@methods("eth_unsubscribe", Param("subscription", text), run=Run.SESSION)
def unsubscribe(session: WebSocketSession, subscription_id: str) -> bool:
    """End a subscription of this connection."""
    if not session.hub.remove(session, subscription_id):
        raise ServerError("subscription not found")
    return True


def _options(topic: Topic, options: Any) -> tuple[LogQuery | None, bool]:
    """The second parameter: a filter for logs, a boolean for pending transactions."""
    try:
        if topic is Topic.LOGS:
            return subscription_query({} if options is None else options), False
        if topic is Topic.PENDING:
            return None, options is not None and boolean(options)
    except Malformed as exc:
        raise InvalidParams(f"invalid argument 1 (options): {exc}") from exc
    return None, False
