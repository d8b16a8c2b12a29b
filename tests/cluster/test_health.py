"""What runs where, as the hub's API and doctor show it."""

from pathlib import Path

import pytest

from cluster import ClusterView, PoolHandle, RayCluster, running_actors, scale_workers, start_detached
from cluster.errors import ActorDied
from tests.cluster.actors import Sleeper, Stillborn
from tests.cluster.conftest import POOL_SETTINGS
from tests.cluster.support import kill_hard, wait_for
from tests.conftest import RAY_DATA_DIR

pytestmark = pytest.mark.cluster


def test_an_empty_cluster_is_one_machine(hub: RayCluster) -> None:
    view = ClusterView.collect()
    assert view.address == hub.address
    assert view.actors == ()
    (machine,) = view.machines
    assert machine.alive
    assert machine.resources["CPU"] == 4


def test_every_actor_is_shown_with_its_restarts(pool: PoolHandle) -> None:
    for worker in scale_workers(1, settings=POOL_SETTINGS):
        worker.ready()
    before = {actor.name: actor for actor in ClusterView.collect().actors}
    assert sorted(before) == ["prover-pool", "prover-worker-0"]
    assert all(actor.answers and actor.state == "ALIVE" and actor.restarts == 0 for actor in before.values())
    pid = before["prover-worker-0"].pid
    assert pid is not None
    kill_hard(pid)

    def restarted() -> bool:
        now = {actor.name: actor for actor in ClusterView.collect().actors}["prover-worker-0"]
        return now.answers and now.restarts == 1 and now.pid not in {None, pid}

    wait_for(restarted)


def test_an_actor_that_does_not_answer_is_shown_so(hub: RayCluster, tmp_path: Path) -> None:
    sleeper = start_detached("hub-controller", Sleeper)
    assert sleeper.call("pid", timeout_s=30) > 0
    sleeper.actor.sleep.remote(str(tmp_path / "wake"))
    (actor,) = ClusterView.collect(timeout_s=0.5).actors
    assert (actor.name, actor.answers, actor.state) == ("hub-controller", False, "ALIVE")
    (tmp_path / "wake").touch()
    wait_for(lambda: ClusterView.collect().actors[0].answers)


def test_an_actor_whose_constructor_fails_says_why_and_its_name_can_be_used_again(hub: RayCluster) -> None:
    with pytest.raises(ActorDied, match="no such luck"):
        start_detached("hub-controller", Stillborn).call("pid", timeout_s=30)
    wait_for(lambda: running_actors() == [])
    assert start_detached("hub-controller", Sleeper).call("pid", timeout_s=30) > 0


def test_actors_write_their_logs_where_the_hub_wants_them(pool: PoolHandle) -> None:
    for worker in scale_workers(1, settings=POOL_SETTINGS):
        worker.ready()
    wait_for(
        lambda: (
            {path.name for path in (RAY_DATA_DIR / "logs").iterdir()} >= {"prover-pool.jsonl", "prover-worker-0.jsonl"}
        )
    )
