"""The registry: what is kept, what is refused, what survives."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecosystem.errors import ChainExists, IllegalTransition, RegistryCorrupt, UnknownChain, UnknownOperation
from ecosystem.records import Event, L1Payment
from ecosystem.registry import FILE_NAME, Registry
from ecosystem.settings import ChainSettings
from ecosystem.states import (
    OPERATION_TRANSITIONS,
    PHASE_TRANSITIONS,
    STEP_TRANSITIONS,
    Goal,
    OperationKind,
    OperationStatus,
    Phase,
    StepStatus,
)

KEY = "0x" + "ab" * 32
SETTINGS = ChainSettings(id=271)


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def registry(tmp_path: Path, events: list[Event]) -> Iterator[Registry]:
    opened = Registry.open(tmp_path, events.append)
    yield opened
    opened.close()


def test_a_chain_and_its_operation_are_registered_together(registry: Registry, events: list[Event]) -> None:
    operation = registry.add_chain("alpha", SETTINGS, ["one", "two"])
    chain = registry.chain("alpha")
    assert (chain.chain_id, chain.goal, chain.phase) == (271, Goal.RUNNING, Phase.CREATING)
    assert [step.name for step in operation.steps] == ["one", "two"]
    assert registry.operations(open_only=True) == [operation]
    assert [(e.operation_id, e.step, e.status) for e in events] == [(operation.id, "", "pending")]


@pytest.mark.parametrize(("name", "chain_id"), [("alpha", 271), ("alpha", 300), ("beta", 271)])
def test_taken_names_and_ids_are_refused_and_nothing_changes(
    registry: Registry, events: list[Event], name: str, chain_id: int
) -> None:
    registry.add_chain("alpha", SETTINGS, [])
    before = (registry.chains(), registry.operations(), list(events))
    with pytest.raises(ChainExists):
        registry.add_chain(name, ChainSettings(id=chain_id), [])
    assert (registry.chains(), registry.operations(), events) == before


def test_a_removed_chain_keeps_its_name_and_id(registry: Registry) -> None:
    registry.add_chain("alpha", SETTINGS, [])
    for phase in (Phase.READY, Phase.REMOVING, Phase.REMOVED):
        registry.set_phase("alpha", phase)
    with pytest.raises(ChainExists):
        registry.add_chain("alpha", SETTINGS, [])
    with pytest.raises(ChainExists):
        registry.add_chain("beta", SETTINGS, [])


def test_a_failed_chain_is_registered_anew_and_keeps_the_facts_of_its_id(registry: Registry) -> None:
    registry.add_chain("alpha", SETTINGS, [])
    registry.update_facts("alpha", genesis_timestamp=5, port=3050)
    registry.set_phase("alpha", Phase.FAILED, "no luck")
    assert registry.chain("alpha").error == "no luck"
    registry.add_chain("alpha", SETTINGS, [])
    assert registry.chain("alpha").facts.genesis_timestamp == 5
    registry.set_phase("alpha", Phase.FAILED)
    registry.add_chain("alpha", ChainSettings(id=300), [])
    assert registry.chain("alpha").facts.genesis_timestamp is None and registry.chain("alpha").error == ""


def test_secrets_are_not_kept(registry: Registry, tmp_path: Path) -> None:
    settings = ChainSettings.model_validate({"id": 271, "keys": {"committer": KEY}})
    registry.add_chain("alpha", settings, [])
    assert registry.chain("alpha").settings.keys.committer is None
    registry.close()
    assert KEY.encode() not in (tmp_path / FILE_NAME).read_bytes()


def test_everything_survives_a_new_start(tmp_path: Path) -> None:
    first = Registry.open(tmp_path)
    operation = first.add_chain("alpha", SETTINGS, ["one"])
    first.set_operation(operation.id, OperationStatus.RUNNING)
    first.set_step(operation.id, "one", StepStatus.RUNNING)
    first.update_facts("alpha", zk_chain="0x1", create_block=7)
    first.set_fact("l1/ecosystem", {"bridgehub": "0x2"})
    first.record_payments([L1Payment("alpha/x", b"h", b"raw")])
    first.close()
    second = Registry.open(tmp_path)
    assert second.operation(operation.id).steps[0].status is StepStatus.RUNNING
    assert second.chain("alpha").facts.create_block == 7
    assert second.fact("l1/ecosystem") == {"bridgehub": "0x2"} and second.fact("other") is None
    assert second.payments("alpha/") == {"alpha/x": L1Payment("alpha/x", b"h", b"raw")}
    assert second.payments("alph/") == {} and second.payments("alpha%") == {}
    second.close()


def test_unknown_things_are_typed_and_suggest(registry: Registry) -> None:
    registry.add_chain("alpha", SETTINGS, [])
    with pytest.raises(UnknownChain) as caught:
        registry.chain("alhpa")
    assert '"alpha"' in caught.value.hint
    with pytest.raises(UnknownOperation):
        registry.operation("op-0")
    with pytest.raises(UnknownChain):
        registry.set_phase("gamma", Phase.READY)


def test_events_are_numbered_without_gaps_and_told_after_the_commit(tmp_path: Path) -> None:
    seen: list[int] = []

    def on_event(event: Event) -> None:
        # A second connection sees it: it is on disk.
        with sqlite3.connect(tmp_path / FILE_NAME) as db:
            assert db.execute("SELECT count(*) FROM events WHERE seq = ?", (event.seq,)).fetchone() == (1,)
        db.close()
        seen.append(event.seq)

    registry = Registry.open(tmp_path, on_event)
    first = registry.add_operation(OperationKind.START_L1, "", ["a"])
    second = registry.add_operation(OperationKind.START_PROVERS, "", ["b"])
    registry.set_operation(first.id, OperationStatus.RUNNING)
    registry.set_step(first.id, "a", StepStatus.RUNNING)
    registry.set_step(first.id, "a", StepStatus.RETRYING, "waits")
    registry.set_step(first.id, "a", StepStatus.DONE, "done")
    assert seen == [1, 2, 3, 4, 5, 6]
    assert [e.seq for e in registry.events_after(3)] == [4, 5, 6]
    assert [e.seq for e in registry.events_after(0, operation_id=second.id)] == [2]
    assert [e.seq for e in registry.events_after(0, limit=2)] == [1, 2]
    registry.close()


@pytest.mark.parametrize("table", [PHASE_TRANSITIONS, OPERATION_TRANSITIONS, STEP_TRANSITIONS])
def test_transition_tables_are_complete(table: dict[object, frozenset[object]]) -> None:
    states = set(type(next(iter(table))))
    assert set(table) == states
    assert all(following <= states for following in table.values())
    assert any(not following for following in table.values()), "there is an end"


def test_illegal_steps_are_refused(registry: Registry) -> None:
    operation = registry.add_chain("alpha", SETTINGS, ["one"])
    with pytest.raises(IllegalTransition):
        registry.set_operation(operation.id, OperationStatus.DONE)
    with pytest.raises(IllegalTransition):
        registry.set_step(operation.id, "one", StepStatus.DONE)
    with pytest.raises(IllegalTransition):
        registry.set_phase("alpha", Phase.REMOVED)
    assert registry.operation(operation.id) == operation


@pytest.mark.parametrize("content", [b"not a database, but long enough to be read as one " * 40, b"\0" * 4096])
def test_a_damaged_file_is_a_typed_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(RegistryCorrupt):
        Registry.open(tmp_path)


def test_a_truncated_file_is_a_typed_error(tmp_path: Path) -> None:
    registry = Registry.open(tmp_path)
    for i in range(50):
        registry.set_fact(f"key {i}", "x" * 500)
    registry.close()
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes()[:12_000])
    with pytest.raises(RegistryCorrupt):
        Registry.open(tmp_path)


def test_another_version_is_a_typed_error(tmp_path: Path) -> None:
    Registry.open(tmp_path).close()
    db = sqlite3.connect(tmp_path / FILE_NAME)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(RegistryCorrupt, match="another version"):
        Registry.open(tmp_path)
