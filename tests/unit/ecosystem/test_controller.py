"""Goal and reality: what is started, what is asked, what survives a killed controller."""

import dataclasses
import socket
from collections.abc import Callable

import pytest

from chain_template.errors import StoreCorrupt
from cluster.router.messages import MessageKind, Order
from contracts.errors import DeployError
from ecosystem.errors import ChainBusy, ChainExists, ConfigError, PortInUse, UnknownChain, WrongChainState
from ecosystem.settings import ChainSettings
from ecosystem.states import Goal, OperationKind, OperationStatus, Phase
from shared_bridge.asset_ids import asset_id_of
from shared_bridge.stages import MessageStage
from tests.unit.ecosystem.conftest import FakeHub, wait_for
from tests.unit.ecosystem.fakes import FakeNode

Make = Callable[..., FakeHub]


def test_everything_that_is_missing_is_started(running: FakeHub) -> None:
    assert sorted(running.runtime.starts) == ["alpha", "beta", "l1"]
    assert running.runtime.workers == 1 and running.settlement.deployed
    assert set(running.settlement.created) == {271, 272}
    assert running.hub.health().status == "ok"
    # Four roles, the admin and the relayer of each chain, two accounts and the relayer on each.
    assert len(running.settlement.paid) == 2 * (6 + 3)


def test_a_chain_gets_a_configuration_that_fits(running: FakeHub) -> None:
    config = running.runtime.nodes["alpha"].config
    facts = running.registry.chain("alpha").facts
    assert config.chain_id == 271 and config.rpc.port == facts.port != 0
    assert config.l1 is not None and config.l1.zk_chain == facts.zk_chain and config.l1.start_block == 5
    assert config.operator_keys is not None
    assert len({*dataclasses.astuple(running.controller.lifecycle.keys.chain_keys("alpha"))}) == 5
    l1 = running.runtime.nodes["l1"].config
    assert l1.l1 is None and len(l1.genesis.premine) == 3


def test_the_genesis_on_l1_is_that_of_the_chain(running: FakeHub) -> None:
    from chain_template.genesis import build_genesis

    config = running.runtime.nodes["alpha"].config
    assert running.settlement.created[271] == build_genesis(config).header.hash


def test_chains_get_ports_of_their_own_and_keep_them(made: Make, running: FakeHub) -> None:
    ports = {chain.name: chain.facts.port for chain in running.registry.chains()}
    assert len(set(ports.values())) == 2
    running.controller.stop()
    again = made(running)
    again.controller.start()
    again.settle()
    assert {chain.name: chain.facts.port for chain in again.registry.chains()} == ports


def test_a_chain_is_created_while_the_others_go_on(running: FakeHub) -> None:
    before = {name: list(node.calls) for name, node in running.runtime.nodes.items()}
    operation = running.controller.create_chain("gamma", ChainSettings(id=273))
    done = running.finished(operation.id)
    assert done.status is OperationStatus.DONE, done.error
    assert running.registry.chain("gamma").phase is Phase.READY
    for name, calls in before.items():
        assert set(running.runtime.nodes[name].calls[len(calls) :]) <= {"view"}
    assert running.runtime.starts.count("alpha") == 1


@pytest.mark.parametrize(
    ("name", "settings", "error"),
    [
        ("alpha", {"id": 300}, ChainExists),
        ("gamma", {"id": 271}, ChainExists),
        ("gamma", {"id": 31_337}, ConfigError),
        ("Gamma", {"id": 300}, ConfigError),
        ("l1", {"id": 300}, ConfigError),
    ],
)
def test_bad_creations_are_refused_and_nothing_changes(
    running: FakeHub, name: str, settings: dict[str, int], error: type[Exception]
) -> None:
    keys = running.controller.lifecycle.keys.directory
    before = (running.registry.chains(), running.registry.operations(), sorted(keys.rglob("*")))
    with pytest.raises(error):
        running.controller.create_chain(name, ChainSettings.model_validate(settings))
    assert (running.registry.chains(), running.registry.operations(), sorted(keys.rglob("*"))) == before


def test_a_chain_may_be_based_on_a_token(running: FakeHub) -> None:
    token = "0x" + "Ab" * 20
    wanted = ChainSettings(id=275, base_token=token)
    with pytest.raises(ConfigError, match="no ERC-20 token"):
        running.controller.create_chain("gold", wanted)
    assert [chain.name for chain in running.registry.chains()] == ["alpha", "beta"]
    running.settlement.tokens[wanted.base_token] = ("Gold", "GLD")
    assert running.finished(running.controller.create_chain("gold", wanted).id).error == ""
    link = running.runtime.nodes["gold"].config.l1
    assert link is not None and (link.base_token, link.base_token_symbol) == (wanted.base_token, "GLD")
    assert link.base_token_asset_id == "0x" + asset_id_of(31_337, token).hex()


def test_a_chain_may_be_based_on_a_token_of_another_chain(running: FakeHub) -> None:
    wanted = ChainSettings(id=276, base_token="0x" + "Ab" * 20)
    on_l1, at_home = wanted.base_token, "0x" + "cd" * 20
    running.settlement.tokens[on_l1] = ("Copper", "CU")
    running.settlement.origins[on_l1] = (271, at_home)
    operation = running.controller.create_chain("copper", wanted)
    assert running.finished(operation.id).error == ""
    link = running.runtime.nodes["copper"].config.l1
    assert link is not None and link.base_token == on_l1
    assert (link.base_token_origin_chain_id, link.base_token_origin) == (271, at_home)
    assert link.base_token_asset_id == "0x" + asset_id_of(271, at_home).hex()


def test_a_port_in_use_is_refused(running: FakeHub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortInUse):
        running.controller.create_chain("gamma", ChainSettings(id=273, port=taken.getsockname()[1]))
    assert [chain.name for chain in running.registry.chains()] == ["alpha", "beta"]


def test_a_new_chain_whose_port_was_taken_meanwhile_gets_another(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecosystem.lifecycle.PORT_TIMEOUT_S", 0.0)
    hub = made(chains={"alpha": ChainSettings(id=271)})
    hub.controller.adopt_settings()
    first = hub.registry.chain("alpha").facts.port
    assert first is not None
    with socket.create_server(("127.0.0.1", first)):
        hub.controller.start()
        hub.settle()
        assert hub.hub.chain("alpha").state == "running"
        assert hub.runtime.nodes["alpha"].config.rpc.port == hub.registry.chain("alpha").facts.port != first


def test_pause_and_resume(running: FakeHub) -> None:
    running.finished(running.controller.pause("alpha").id)
    assert running.runtime.nodes["alpha"].paused and not running.runtime.nodes["beta"].paused
    wait_for(lambda: running.hub.chain("alpha").state == "paused")
    running.finished(running.controller.resume("alpha").id)
    assert not running.runtime.nodes["alpha"].paused
    wait_for(lambda: running.hub.chain("alpha").state == "running")


def test_an_answer_from_before_a_change_corrects_nothing(running: FakeHub) -> None:
    for _ in range(5):
        for change in (running.controller.pause, running.controller.resume):
            running.finished(change("alpha").id)
    kinds = [operation.kind for operation in running.registry.operations(chain="alpha")]
    assert kinds == [OperationKind.RESUME, OperationKind.PAUSE] * 5 + [OperationKind.CREATE]


def test_a_restarted_process_is_paused_again(running: FakeHub) -> None:
    running.finished(running.controller.pause("alpha").id)
    running.runtime.nodes["alpha"].paused = False
    wait_for(lambda: running.runtime.nodes["alpha"].paused)


def test_removing_settles_first_and_keeps_name_and_id(running: FakeHub) -> None:
    node = running.runtime.nodes["alpha"]
    node.executed = 0
    done = running.finished(running.controller.remove("alpha").id)
    assert done.status is OperationStatus.DONE, done.error
    assert node.executed == node.sealed and node.stopped
    calls = [call for call in node.calls if call != "view"]
    assert calls.index("drain") < calls.index("settled") < calls.index("stop")
    chain = running.registry.chain("alpha")
    assert (chain.goal, chain.phase) == (Goal.REMOVED, Phase.REMOVED)
    for change in (running.controller.pause, running.controller.remove, running.controller.resume):
        with pytest.raises(WrongChainState):
            change("alpha")
    with pytest.raises(ChainExists):
        running.controller.create_chain("alpha", ChainSettings(id=400))
    wait_for(lambda: running.hub.health().status == "ok")


def test_unknown_chains_are_refused_with_the_near_miss(running: FakeHub) -> None:
    for change in (running.controller.pause, running.controller.resume, running.controller.remove):
        with pytest.raises(UnknownChain) as caught:
            change("alfa")
        assert "alpha" in caught.value.hint


def test_one_operation_at_a_time_on_a_chain(running: FakeHub) -> None:
    running.runtime.nodes["alpha"].executed = 0
    running.runtime.nodes["alpha"].sealed = 10**9
    operation = running.controller.remove("alpha")
    with pytest.raises(ChainBusy) as caught:
        running.controller.pause("alpha")
    assert caught.value.operation_id == operation.id


def test_a_process_that_is_gone_is_started_again(running: FakeHub) -> None:
    first = running.runtime.nodes.pop("beta")
    wait_for(lambda: running.hub.chain("beta").state == "running" and "beta" in running.runtime.nodes)
    assert running.runtime.nodes["beta"].config == first.config


def test_the_l1_and_the_provers_are_started_again(running: FakeHub) -> None:
    del running.runtime.nodes["l1"]
    running.runtime.workers = None
    wait_for(lambda: "l1" in running.runtime.nodes and running.runtime.workers == 1)
    running.settle()
    assert running.runtime.nodes["l1"].config.genesis.premine


def test_a_chain_that_does_not_answer_is_down_and_comes_back(running: FakeHub) -> None:
    running.runtime.nodes["alpha"].down = True
    wait_for(lambda: running.hub.chain("alpha").state == "down")
    assert running.hub.health().status == "degraded"
    assert running.hub.chain("beta").state == "running"
    running.runtime.nodes["alpha"].down = False
    wait_for(lambda: running.hub.health().status == "ok")


def test_a_killed_controller_is_succeeded_by_one_that_goes_on(made: Make) -> None:
    hub = made()
    hub.settlement.outages = 10**9
    hub.controller.start()
    wait_for(lambda: any(s.status == "retrying" for o in hub.registry.operations() for s in o.steps))
    hub.controller.leave()
    assert hub.registry.operations(open_only=True)
    successor = made(hub)
    successor.settlement.outages = 0
    successor.controller.start()
    successor.settle()
    assert successor.hub.health().status == "ok"
    created = [o for o in successor.registry.operations() if o.kind is OperationKind.CREATE]
    assert len(created) == 2 and all(o.status is OperationStatus.DONE for o in created)
    assert len(successor.settlement.paid) == 2 * (6 + 3)


def stopped_after(made: Make, step: str) -> FakeHub:
    """A hub whose controller was left in the middle of a chain's creation."""
    hub = made(chains={"alpha": ChainSettings(id=271)})
    cut = False

    def stop_there(event: object) -> None:
        nonlocal cut
        if getattr(event, "step", "") == step and getattr(event, "status", "") == "done" and not cut:
            cut = True
            hub.controller._stopping.set()

    hub.registry._on_event = stop_there
    hub.controller.start()
    wait_for(lambda: cut)
    hub.controller.leave()
    return hub


@pytest.mark.parametrize("step", ["fund operators on L1", "create on L1", "start process", "deposit to accounts"])
def test_a_controller_killed_after_any_step_pays_nothing_twice(made: Make, step: str) -> None:
    hub = stopped_after(made, step)
    paid = dict(hub.settlement.paid)
    successor = made(hub)
    successor.controller.start()
    successor.settle()
    assert successor.hub.health().status == "ok"
    assert successor.runtime.starts.count("alpha") == 1
    assert paid.items() <= successor.settlement.paid.items() and len(successor.settlement.paid) == 6 + 3


@pytest.mark.parametrize("step", ["start process", "deposit to accounts", "wait for health"])
def test_a_chain_whose_creation_a_stopped_hub_cut_off_is_started_by_the_next_one(made: Make, step: str) -> None:
    hub = stopped_after(made, step)
    hub.runtime.nodes.clear()
    successor = made(hub)
    successor.controller.start()
    successor.settle()
    assert successor.hub.health().status == "ok" and successor.runtime.starts.count("alpha") == 2


def test_a_lasting_refusal_fails_the_chain_and_says_why(running: FakeHub) -> None:
    running.settlement.refusal = DeployError("chain 273 exists on L1 with another genesis", hint="another id")
    failed = running.finished(running.controller.create_chain("gamma", ChainSettings(id=273)).id)
    assert failed.status is OperationStatus.FAILED and failed.hint == "another id"
    wait_for(lambda: running.registry.chain("gamma").phase is Phase.FAILED)
    running.settlement.refusal = None
    assert running.hub.health().status == "degraded"
    again = running.finished(running.controller.create_chain("gamma", ChainSettings(id=273)).id)
    assert again.status is OperationStatus.DONE


def test_a_failed_chain_can_be_removed(running: FakeHub) -> None:
    running.settlement.refusal = DeployError("no")
    running.finished(running.controller.create_chain("gamma", ChainSettings(id=273)).id)
    running.settlement.refusal = None
    wait_for(lambda: running.registry.chain("gamma").phase is Phase.FAILED)
    removed = running.finished(running.controller.remove("gamma").id)
    assert removed.status is OperationStatus.DONE and [step.name for step in removed.steps] == ["halt"]
    wait_for(lambda: running.hub.health().status == "ok")


def test_a_chain_that_cannot_start_does_not_fill_the_registry(made: Make, running: FakeHub) -> None:
    running.controller.stop()
    again = made(running)

    def damage(node: FakeNode) -> None:
        if node.config.name == "beta":
            node.start_error = StoreCorrupt("the database is damaged", hint="zkhub chain repair beta")
            node.down = True

    again.runtime.on_start = damage
    again.controller.start()
    wait_for(lambda: again.hub.chain("alpha").state == "running" and again.hub.chain("beta").state == "down")
    for _ in range(20):
        again.controller.reconcile()
    starts = [o for o in again.registry.operations(chain="beta") if o.kind is OperationKind.START]
    assert len(starts) == 1 and "damaged" in starts[0].error


def test_an_operation_that_ended_after_it_was_read_is_not_begun_again(running: FakeHub) -> None:
    ended = running.finished(running.controller.pause("alpha").id)
    thread = running.controller._at_work["alpha"]
    thread.join(10)
    running.controller._set_to_work(dataclasses.replace(ended, status=OperationStatus.RUNNING))
    assert running.controller._at_work["alpha"] is thread


def test_settings_that_are_fixed_cannot_change(made: Make, running: FakeHub) -> None:
    running.controller.leave()
    changed = dataclasses.replace(
        running,
        settings=running.settings.model_copy(update={"chains": {"alpha": ChainSettings(id=900)}}),
    )
    with pytest.raises(ConfigError, match=r"chains\.alpha\.id"):
        made(changed).controller.start()


def test_a_hub_does_not_change_its_l1(made: Make, running: FakeHub) -> None:
    running.controller.leave()
    elsewhere = running.settings.l1.model_copy(update={"chain_id": 900})
    changed = dataclasses.replace(running, settings=running.settings.model_copy(update={"l1": elsewhere}))
    with pytest.raises(ConfigError, match="embedded L1 with chain id 31337"):
        made(changed).controller.start()


def test_settings_that_may_change_do_at_the_next_start(made: Make, running: FakeHub) -> None:
    running.controller.stop()
    faster = ChainSettings.model_validate({"id": 271, "block": {"interval_ms": 20}})
    changed = dataclasses.replace(running, settings=running.settings.model_copy(update={"chains": {"alpha": faster}}))
    again = made(changed)
    again.controller.start()
    again.settle()
    assert again.runtime.nodes["alpha"].config.block.interval_ms == 20
    assert again.runtime.nodes["beta"].config.block.interval_ms == 250


def test_stopping_stops_every_part(running: FakeHub) -> None:
    running.controller.stop()
    assert all(node.stopped for node in running.runtime.nodes.values())
    assert running.runtime.workers is None
    assert running.hub.health().status == "stopping"


def test_the_routers_troubles_are_the_hubs(running: FakeHub) -> None:
    router = running.runtime.message_router
    assert running.hub.health().status == "ok"
    order = Order(MessageKind.WITHDRAWAL, "alpha", "l1", "eth", 7, "0x" + "aa" * 20, "0x" + "aa" * 20)
    router.add(order, "m1")
    router.move("m1", MessageStage.DEAD, "it reverts")
    wait_for(lambda: running.hub.health().status == "degraded")
    assert "1 messages were given up" in running.hub.health().problems[0]
    router.retry("m1")
    router.in_trouble = "its disk is full"
    wait_for(lambda: running.hub.health().problems == ["the message router: its disk is full"])


def test_a_chain_is_not_halted_before_its_messages_are_claimed(running: FakeHub) -> None:
    router = running.runtime.message_router
    people = ("eth", 7, "0x" + "aa" * 20, "0x" + "aa" * 20)
    router.add(Order(MessageKind.WITHDRAWAL, "alpha", "l1", *people), "m1")
    router.add(Order(MessageKind.WITHDRAWAL, "alpha", "l1", *people), "m2", relay=False)
    router.add(Order(MessageKind.TRANSFER, "alpha", "beta", *people), "m3")
    assert not running.finished(running.controller.pause("beta").id).error
    removal = running.controller.remove("alpha")
    wait_for(lambda: "1 messages of alpha are not claimed" in str(running.registry.operation(removal.id).steps))
    assert running.registry.chain("alpha").phase is Phase.REMOVING
    router.move("m1", MessageStage.CLAIMED)
    assert not running.finished(removal.id).error
