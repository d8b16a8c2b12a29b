"""The manifests for real clusters: of the right form, and in accord with each other and with the hub's own settings."""

import json
from collections.abc import Callable
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

import cluster
from ecosystem.config import load
from tests.unit.cluster.kuberay_models import RayClusterManifest, VolumeClaimManifest

DEPLOY = Path(cluster.__file__).parent / "deploy"


def kuberay() -> list[Any]:
    return list(yaml.safe_load_all((DEPLOY / "kuberay.yaml").read_text()))


def ray_up() -> Any:
    return yaml.safe_load((DEPLOY / "ray-up.yaml").read_text())


def test_the_kuberay_manifest_is_of_the_resources_form_and_fits_together() -> None:
    described, claimed = kuberay()
    manifest, claim = RayClusterManifest.model_validate(described), VolumeClaimManifest.model_validate(claimed)
    assert manifest.spec.ray_version == version("ray")
    groups = [manifest.spec.head_group_spec, *manifest.spec.worker_group_specs]
    for group in groups:
        pod = group.template.spec
        volumes = {volume.name for volume in pod.volumes}
        assert {mount.name for container in pod.containers for mount in container.volume_mounts} <= volumes
    head = manifest.spec.head_group_spec.template.spec
    claims = [volume.persistent_volume_claim.claim_name for volume in head.volumes if volume.persistent_volume_claim]
    assert claims == [claim.metadata.name]
    assert manifest.spec.auth_options is not None
    hub = next(container for container in head.containers if container.name == "hub")
    secrets = [env.value_from.secret_key_ref.name for env in hub.env if env.value_from]
    assert secrets == [manifest.spec.auth_options.secret_name]
    for workers in manifest.spec.worker_group_specs:
        assert workers.min_replicas <= (workers.replicas or 0) <= workers.max_replicas
        assert workers.template.spec.containers[0].resources.limits["nvidia.com/gpu"] == "1"


def test_the_hub_of_the_manifest_takes_its_settings() -> None:
    described, _ = kuberay()
    manifest = RayClusterManifest.model_validate(described)
    hub = next(c for c in manifest.spec.head_group_spec.template.spec.containers if c.name == "hub")
    flags = [arg.removeprefix("--set=") for arg in hub.args if arg.startswith("--set=")]
    settings = load(flags=flags, environ={})
    (workers,) = manifest.spec.worker_group_specs
    assert settings.provers.max_workers == workers.max_replicas
    assert settings.api.port == next(port.container_port for port in hub.ports if port.name == "api")


def _misspelt(manifest: Any) -> None:
    manifest["spec"]["workerGroupSpecs"][0]["minReplica"] = 1


def _text_for_a_number(manifest: Any) -> None:
    manifest["spec"]["workerGroupSpecs"][0]["maxReplicas"] = "8"


def _number_for_a_text(manifest: Any) -> None:
    manifest["spec"]["headGroupSpec"]["rayStartParams"]["num-cpus"] = 0


def _without_a_template(manifest: Any) -> None:
    del manifest["spec"]["headGroupSpec"]["template"]


def _old_version(manifest: Any) -> None:
    manifest["apiVersion"] = "ray.io/v1alpha1"


@pytest.mark.parametrize(
    "spoil", [_misspelt, _text_for_a_number, _number_for_a_text, _without_a_template, _old_version]
)
def test_the_check_finds_what_is_wrong(spoil: Callable[[Any], None]) -> None:
    manifest, _ = kuberay()
    spoil(manifest)
    with pytest.raises(ValidationError):
        RayClusterManifest.model_validate(manifest)


def test_the_ray_up_file_is_what_rays_own_schema_asks_for() -> None:
    schema = json.loads(Path(str(distribution("ray").locate_file("ray/autoscaler/ray-schema.json"))).read_text())
    described = ray_up()
    jsonschema.validate(described, schema)
    assert described["max_workers"] == len(described["provider"]["worker_ips"])
    with pytest.raises(jsonschema.ValidationError, match="min_worker"):
        jsonschema.validate(described | {"min_worker": 1}, schema)
