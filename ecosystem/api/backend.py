"""Where the API's answers come from: the controller, wherever it runs."""

from typing import Any, Protocol, cast

from ecosystem.refusals import Refusal, Refused

#: Seconds the controller may take: above the slowest question (balances of every chain), below a client's patience.
ASK_TIMEOUT_S = 15.0


class Backend(Protocol):
    """Answers the API's questions."""

    async def ask(self, question: str, *arguments: Any) -> Any:
        """Call the method ``question`` of :class:`ecosystem.hub.Hub`.

        Raises:
            HubError: The hub refused, or does not answer.
        """


class ControllerBackend:
    """Asks the controller actor, found by its name at every question, so that it may be restarted at any time."""

    async def ask(self, question: str, *arguments: Any) -> Any:
        """Call the method ``question`` of :class:`ecosystem.hub.Hub` in the controller's process."""
        from cluster.handles import ActorRef
        from cluster.names import CONTROLLER_ACTOR

        controller = ActorRef.lookup(CONTROLLER_ACTOR)
        answer = await controller.acall("ask", question, arguments, timeout_s=ASK_TIMEOUT_S)
        if isinstance(answer, Refusal):
            raise Refused(answer)
        return cast(Any, answer)
