"""What runs where, as the hub's API and doctor show it."""

import os
from pathlib import Path

import pytest

from cluster import ClusterView, PoolHandle, RayCluster, scale_workers, start_detached
from tests.cluster.conftest import DATA_DIR, POOL_SETTINGS
from tests.cluster.support import kill_hard, wait_for

pytestmark = pytest.mark.cluster


class Sleeper:
    """An actor that answers nothing while it sleeps."""

    def pid(self) -> int:
        return os.getpid()

    def sleep(self, path: str) -> None:
        while not Path(path).exists():
            pass


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


def test_actors_write_their_logs_where_the_hub_wants_them(pool: PoolHandle) -> None:
    for worker in scale_workers(1, settings=POOL_SETTINGS):
        worker.ready()
    wait_for(
        lambda: {path.name for path in (DATA_DIR / "logs").iterdir()} >= {"prover-pool.jsonl", "prover-worker-0.jsonl"}
    )
