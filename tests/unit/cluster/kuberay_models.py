"""The part of KubeRay's RayCluster (``ray.io/v1``) and of Kubernetes' pods that our manifest uses, refusing all else.

Field names, types and enumerations are those of the custom resource definition of KubeRay as of August 2026, in which
the pod's template is written out; what is not here may well exist there, and is added when a manifest wants it.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Count = Annotated[int, Field(ge=0, strict=True)]
Text = Annotated[str, Field(strict=True, min_length=1)]
Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?(m|[KMGT]i?)?$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=False)


class Metadata(Strict):
    name: Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")]
    labels: dict[str, Text] = {}


class SecretKey(Strict):
    name: Text
    key: Text


class ValueFrom(Strict):
    secret_key_ref: SecretKey


class Variable(Strict):
    name: Text
    value: Text | None = None
    value_from: ValueFrom | None = None


class ContainerPort(Strict):
    name: Annotated[str, Field(max_length=15)]
    container_port: Annotated[int, Field(ge=1, le=65_535, strict=True)]


class Resources(Strict):
    requests: dict[Text, Quantity] = {}
    limits: dict[Text, Quantity] = {}


class Mount(Strict):
    name: Text
    mount_path: Annotated[str, Field(pattern=r"^/")]


class Container(Strict):
    name: Text
    image: Text
    command: list[Text] = []
    args: list[Text] = []
    env: list[Variable] = []
    ports: list[ContainerPort] = []
    resources: Resources
    volume_mounts: list[Mount] = []


class Claim(Strict):
    claim_name: Text


class EmptyDir(Strict):
    medium: Literal["", "Memory"] = ""
    size_limit: Quantity | None = None


class Volume(Strict):
    name: Text
    persistent_volume_claim: Claim | None = None
    empty_dir: EmptyDir | None = None


class PodSpec(Strict):
    containers: Annotated[list[Container], Field(min_length=1)]
    volumes: list[Volume] = []


class Pod(Strict):
    metadata: Metadata | None = None
    spec: PodSpec


class HeadGroup(Strict):
    service_type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    ray_start_params: dict[Text, Annotated[str, Field(strict=True)]] = {}
    template: Pod


class WorkerGroup(Strict):
    group_name: Text
    replicas: Count | None = None
    min_replicas: Count
    max_replicas: Count
    ray_start_params: dict[Text, Annotated[str, Field(strict=True)]] = {}
    template: Pod


class AutoscalerOptions(Strict):
    version: Literal["v1", "v2"] = "v1"
    upscaling_mode: Literal["Default", "Aggressive", "Conservative"] = "Default"
    idle_timeout_seconds: Count = 60


class AuthOptions(Strict):
    mode: Literal["disabled", "token"]
    secret_name: Text


class ClusterSpec(Strict):
    ray_version: Text
    enable_in_tree_autoscaling: bool = False
    autoscaler_options: AutoscalerOptions | None = None
    auth_options: AuthOptions | None = None
    head_group_spec: HeadGroup
    worker_group_specs: list[WorkerGroup] = []


class RayClusterManifest(Strict):
    api_version: Literal["ray.io/v1"]
    kind: Literal["RayCluster"]
    metadata: Metadata
    spec: ClusterSpec


class ClaimResources(Strict):
    requests: dict[Literal["storage"], Quantity]


class ClaimSpec(Strict):
    access_modes: list[Literal["ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany"]]
    resources: ClaimResources


class VolumeClaimManifest(Strict):
    api_version: Literal["v1"]
    kind: Literal["PersistentVolumeClaim"]
    metadata: Metadata
    spec: ClaimSpec
