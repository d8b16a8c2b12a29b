"""The controller's actor: a thin wrapper that is started anew, with the same arguments, whenever it dies.

It is imported by the hub process too, which only needs its name there: whatever is heavy is imported where it runs.
"""

import os
from typing import TYPE_CHECKING, Any

import ray

if TYPE_CHECKING:
    from ecosystem.controller import HubController
    from ecosystem.settings import HubSettings

#: Threads: ``ask`` answers clients, ``life`` stops the hub.
CONTROLLER_GROUPS = {"ask": 8, "life": 1}


class HubControllerActor:
    """Runs :class:`ecosystem.controller.HubController` and answers for :class:`ecosystem.hub.Hub`.

    Args:
        settings: The hub's settings with secrets, as :func:`ecosystem.config.with_secrets` gives them.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        import structlog

        from ecosystem import logs
        from ecosystem.hub import Hub
        from ecosystem.settings import HubSettings

        checked = HubSettings.model_validate(settings)
        logs.configure(checked.data_dir, "controller")
        self._log = structlog.get_logger("controller")
        self._controller = make_controller(checked)
        self._hub = Hub(self._controller)
        self._controller.start()
        self._log.info("controller started", pid=os.getpid())

    @ray.method(concurrency_group="ask")
    def ask(self, question: str, arguments: tuple[Any, ...]) -> Any:
        """Answer a question of the API; a refusal comes back as a value, not as an exception."""
        from ecosystem.refusals import QUESTIONS, Refusal
        from zkhub.errors import HubError

        if question not in QUESTIONS:
            return Refusal.bug(f"the controller has no answer to {question!r}")
        try:
            return getattr(self._hub, question)(*arguments)
        except HubError as error:
            return Refusal.of(error)

    @ray.method(concurrency_group="ask")
    def pid(self) -> int:
        """Process id."""
        return os.getpid()

    @ray.method(concurrency_group="life")
    def stop(self) -> None:
        """Stop the hub's parts cleanly, chains first; what is under way is gone on with at the next start."""
        self._controller.stop()
        self._log.info("controller stopped")


def make_controller(settings: "HubSettings") -> "HubController":
    """A controller with its real surroundings, in this process."""
    from ecosystem import logs
    from ecosystem.controller import HubController
    from ecosystem.keys import KeyStore
    from ecosystem.l1 import L1Settlement
    from ecosystem.lifecycle import Lifecycle
    from ecosystem.proof_system import proof_system
    from ecosystem.registry import Registry
    from ecosystem.runtime import RayRuntime

    registry = Registry.open(settings.data_dir, logs.ProgressFile(settings.data_dir).add)
    keys = KeyStore(settings.data_dir).prepare()

    def settlement_for(url: str) -> L1Settlement:
        return L1Settlement(
            url,
            expected_chain_id=settings.l1.expected_chain_id,
            deployer_key=keys.deployer(settings.l1),
            registry=registry,
            execution_delay_s=settings.l1.execution_delay_s,
            proofs=proof_system(settings),
        )

    return HubController(Lifecycle(settings, registry, keys, RayRuntime(), settlement_for))
