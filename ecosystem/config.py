"""Where a setting comes from: flag > environment > file > last start > default.

A setting has one dotted name everywhere: ``l1.port`` is the key ``port`` of the table ``[l1]`` in ``zkhub.toml``,
the variable ``ZKHUB_L1__PORT`` and the flag ``--set l1.port=8546``. A data directory remembers what its last start was
given, so that ``zkhub up`` goes on without being told again.
"""

import json
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError

from ecosystem.errors import ConfigError, near_miss
from ecosystem.settings import HubSettings

ENV_PREFIX = "ZKHUB_"
DEFAULT_FILE = Path("zkhub.toml")
LAST_START = "the last start"
#: Variables with the prefix that are no settings: where the file is, how clients find a hub, and what only some
#: commands or parts look at.
OTHER_VARIABLES = frozenset(
    {
        "ZKHUB_CONFIG",
        "ZKHUB_API_URL",
        "ZKHUB_TOKEN",
        "ZKHUB_LOG_LEVEL",
        "ZKHUB_ESCAPE_L1_URL",
        "ZKHUB_ESCAPE_BRIDGEHUB",
        "ZKHUB_ISA",
    }
)


@dataclass(frozen=True, slots=True)
class _Layer:
    """Settings from one source, as a nested mapping."""

    source: str
    values: Mapping[str, Any]

    @property
    def names_all_chains(self) -> bool:
        """Whether the chains it names are all there shall be; variables and flags only change or add some."""
        return self.source == LAST_START or self.source.endswith(".toml")


def load(
    *,
    file: Path | None = None,
    flags: Sequence[str] = (),
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    remembered: Mapping[str, Any] | None = None,
) -> HubSettings:
    """Settings from all sources.

    Args:
        file: The settings file; without it ``ZKHUB_CONFIG``, then ``zkhub.toml`` if it is there.
        flags: ``key=value`` strings of ``--set``, the strongest source.
        overrides: Dotted key to value, from flags that have a name of their own; as strong as ``flags``.
        environ: Environment; the process's own by default.
        remembered: What the data directory's last start was given, as :func:`with_secrets` makes it.

    Raises:
        ConfigError: Something is unknown, malformed, out of range or contradictory; says what and where.
    """
    environ = os.environ if environ is None else environ
    layers = [
        _Layer("the defaults", {"chains": _default_chains()}),
        *([_Layer(LAST_START, remembered)] if remembered else []),
        *_file_layer(file, environ),
        *_environment_layers(environ),
        *_flag_layers(flags, overrides or {}),
    ]
    merged: dict[str, Any] = {}
    for layer in layers:
        if layer.names_all_chains and "chains" in layer.values:
            merged.pop("chains", None)
        _merge(merged, layer.values)
    try:
        return HubSettings.model_validate(merged)
    except ValidationError as error:
        raise explain(error, HubSettings, layers) from error


def explain(
    error: ValidationError, model: type[BaseModel], layers: Sequence[_Layer] = (), prefix: str = ""
) -> ConfigError:
    """The first fault of a validation, in words; ``prefix`` stands before its key."""
    first = error.errors()[0]
    path = tuple(str(part) for part in first["loc"])
    key = ".".join(part for part in (prefix, *path) if part)
    source = next((layer.source for layer in reversed(layers) if _has(layer.values, path)), "")
    if first["type"] == "extra_forbidden":
        known = sorted(fields_at(model, path[:-1]))
        hint = near_miss(path[-1], known) or f"known here: {', '.join(known)}"
        return ConfigError(key, "there is no such setting", source=source, hint=hint)
    reason = str(first["msg"]).removeprefix("Value error, ")
    given = first.get("input")
    if isinstance(given, str | int | float | bool) and not key.endswith("key"):
        reason = f"{given!r}: {reason}"
    return ConfigError(key, reason, source=source, hint="`zkhub config schema` shows what is allowed")


def as_toml(settings: HubSettings) -> str:
    """The settings as a ``zkhub.toml`` would write them, secrets and unset values left out."""
    lines: list[str] = []
    _write_table(_without_secrets(settings.model_dump()), (), lines)
    return "\n".join(lines).strip() + "\n"


def with_secrets(settings: BaseModel) -> dict[str, Any]:
    """What differs from the defaults, secrets included, as JSON-ready data; for a file of mode 0600 only."""
    revealed: dict[str, Any] = json.loads(json.dumps(settings.model_dump(exclude_defaults=True), default=_reveal))
    return revealed


def public(settings: BaseModel) -> dict[str, Any]:
    """JSON-ready data without the secrets."""
    shown: dict[str, Any] = json.loads(json.dumps(_without_secrets(settings.model_dump()), default=str))
    return shown


# -- sources ------------------------------------------------------------------------------------------------


def _default_chains() -> dict[str, Any]:
    chains = HubSettings().chains
    return {name: {"id": chain.id} for name, chain in chains.items()}


def _file_layer(file: Path | None, environ: Mapping[str, str]) -> Iterator[_Layer]:
    named = file or (Path(environ["ZKHUB_CONFIG"]) if environ.get("ZKHUB_CONFIG") else None)
    path = named or DEFAULT_FILE
    if named is None and not path.exists():
        return
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("", f"cannot read the settings file {path}: {error}") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("", f"{path} is not TOML: {error}") from error
    yield _Layer(path.name if path.suffix == ".toml" else f"{path.name}.toml", values)


def _environment_layers(environ: Mapping[str, str]) -> Iterator[_Layer]:
    for variable in sorted(environ):
        if variable.startswith(ENV_PREFIX) and variable not in OTHER_VARIABLES:
            path = variable.removeprefix(ENV_PREFIX).lower().split("__")
            yield _Layer(variable, _nested(path, _value(environ[variable])))


def _flag_layers(flags: Sequence[str], overrides: Mapping[str, Any]) -> Iterator[_Layer]:
    for flag in flags:
        key, equals, text = flag.partition("=")
        if not equals or not key.strip():
            raise ConfigError(flag, "--set takes key=value", hint="for example --set l1.port=8546")
        yield _Layer(f"--set {key}", _nested(key.strip().split("."), _value(text)))
    for key, value in overrides.items():
        yield _Layer(f"--{key.split('.')[-1].replace('_', '-')}", _nested(key.split("."), value))


def _value(text: str) -> Any:
    """A string of the environment or a flag: JSON arrays and objects are parsed, pydantic does the rest."""
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text


def _nested(path: Sequence[str], value: Any) -> dict[str, Any]:
    for part in reversed(path):
        value = {part: value}
    nested: dict[str, Any] = value
    return nested


def _merge(into: dict[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, Mapping):
            inner = into.get(key)
            into[key] = dict(inner) if isinstance(inner, Mapping) else {}
            _merge(into[key], value)
        else:
            into[key] = value


# -- explaining ---------------------------------------------------------------------------------------------


def _has(values: Any, path: Sequence[str]) -> bool:
    for part in path:
        if not isinstance(values, Mapping) or part not in values:
            return False
        values = values[part]
    return bool(path)


def fields_at(model: type[BaseModel], path: Sequence[str]) -> list[str]:
    """Names of the settings in the table at ``path``."""
    current: Any = model
    for part in path:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = current.model_fields.get(part)
            current = field.annotation if field is not None else None
        elif get_origin(current) is dict:
            current = get_args(current)[1]
    if isinstance(current, type) and issubclass(current, BaseModel):
        return list(current.model_fields)
    return []


# -- writing ------------------------------------------------------------------------------------------------


def _reveal(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_secrets(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None and item != {}}
    return None if isinstance(value, SecretStr) else value


def _write_table(table: Mapping[str, Any], path: tuple[str, ...], lines: list[str]) -> None:
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    if plain and path:
        lines += ["", f"[{'.'.join(path)}]"]
    lines += [f"{key} = {_scalar(value)}" for key, value in plain.items()]
    for key, value in table.items():
        if isinstance(value, dict):
            _write_table(value, (*path, key), lines)


def _scalar(value: Any) -> str:
    if isinstance(value, bool | int | float) and not hasattr(value, "value"):
        return json.dumps(value)
    return json.dumps(str(value), ensure_ascii=False)
