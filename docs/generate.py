"""Write the reference pages that follow from the code: ``python docs/generate.py``; the gate holds them fresh."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import typer.main
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py; edit the code, then run it again. -->\n"


def pages() -> dict[str, str]:
    """Every generated page by file name."""
    return {"cli.md": cli(), "rpc.md": rpc(), "settings.md": settings(), "api.md": api()}


def cli() -> str:
    """All commands with their arguments and options."""
    from ecosystem.cli.main import app

    root = typer.main.get_command(app)
    lines = [
        "# The `zkhub` command",
        NOTE,
        "`zkhub COMMAND --help` says the same. Data goes to stdout, messages to stderr.",
    ]
    lines.append("")
    for path, command in _commands(root, ("zkhub",)):
        lines += [f"## `{' '.join(path)}`", "", _plain(command.help or ""), ""]
        shown = [param for param in command.params if param.name != "help" and not getattr(param, "hidden", False)]
        if shown:
            lines += ["| argument or option | meaning |", "|---|---|"]
            lines += [f"| `{_param_name(param)}` | {_plain(getattr(param, 'help', '') or '')} |" for param in shown]
            lines.append("")
    return "\n".join(lines)


def _commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    children = getattr(command, "commands", None)
    if children is None or path == ("zkhub",):
        yield path, command
    for name, child in (children or {}).items():
        yield from _commands(child, (*path, name))


def _param_name(param: click.Parameter) -> str:
    if param.param_type_name == "argument":
        return str(param.name)
    return ", ".join([*param.opts, *param.secondary_opts])


def _plain(text: str) -> str:
    """Help text without markup, on one line a paragraph."""
    for mark in ("[bold]", "[/bold]"):
        text = text.replace(mark, "")
    paragraphs = [" ".join(part.split()) for part in inspect.cleandoc(text).split("\n\n")]
    return "\n\n".join(paragraphs).replace("|", "\\|")


def rpc() -> str:
    """All JSON-RPC methods."""
    from chain_template.rpc.catalog import all_methods

    lines = [
        "# A chain's JSON-RPC",
        NOTE,
        "HTTP and WebSocket on one port. Parameters go by position; a batch is answered from one snapshot.",
        "",
        "Block tags: `latest`, `pending`, `earliest`, `safe` (last block committed on L1), `finalized` (last block",
        "executed on L1), and ZK Stack's `committed` (as `latest`) and `l1_committed` (as `safe`).",
        "",
        "| method | parameters | what it answers |",
        "|---|---|---|",
    ]
    for method in all_methods():
        params = ", ".join(f"`{param.name}`" for param in method.params)
        only = " *(chains with an L1)*" if method.l1_only else ""
        lines.append(f"| `{method.name}`{only} | {params} | {_plain(method.summary)} |")
    return "\n".join(lines) + "\n"


def settings() -> str:
    """All settings with type, default and meaning."""
    from ecosystem.settings import HubSettings

    lines = [
        "# Settings",
        NOTE,
        "Flag (`--set l1.port=8546`) before environment (`ZKHUB_L1__PORT=8546`) before `zkhub.toml` before default.",
        "Unknown keys are refused. `zkhub config show` prints what applies, `zkhub config schema` the JSON schema.",
        "",
        "| key | default | meaning |",
        "|---|---|---|",
    ]
    for key, default, meaning in _settings(HubSettings, ""):
        lines.append(f"| `{key}` | {default} | {_plain(meaning)} |")
    return "\n".join(lines) + "\n"


def _settings(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    meanings = _attribute_docs(model)
    for name, field in model.model_fields.items():
        inner = _model_of(field.annotation)
        if inner is not None:
            middle = "NAME." if "dict" in str(field.annotation) else ""
            yield from _settings(inner, f"{prefix}{name}.{middle}")
            continue
        required = field.default is PydanticUndefined and field.default_factory is None
        default = "not set" if field.default is None else f"`{field.default}`"
        yield f"{prefix}{name}", "required" if required else default, meanings.get(name, "")


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_of(argument)
        if found is not None:
            return found
    return None


def _attribute_docs(model: type[BaseModel]) -> dict[str, str]:
    """The strings that stand under the fields of a settings class."""
    (tree,) = ast.parse(inspect.getsource(model).lstrip()).body
    assert isinstance(tree, ast.ClassDef)
    docs = {}
    for field, after in zip(tree.body, tree.body[1:], strict=False):
        match field, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                docs[name] = text
    return docs


def api() -> str:
    """All routes of the hub API."""
    from ecosystem.api.app import make_app

    # The routes do not depend on what answers them.
    document = make_app(None, "").openapi()  # type: ignore[arg-type]
    lines = [
        "# The hub API",
        NOTE,
        "On Ray Serve, by default at `http://127.0.0.1:8700`; `/docs` shows it, `/openapi.json` is its document.",
        "Calls that change something need `Authorization: Bearer` and the token in the data directory's `keys`.",
        "Errors are problem documents: `type`, `title`, `status`, `detail`, `hint`.",
        "",
        "| call | what it does |",
        "|---|---|",
    ]
    for path, calls in document["paths"].items():
        for verb, call in calls.items():
            lines.append(f"| `{verb.upper()} {path}` | {_plain(call.get('summary', ''))} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for name, text in pages().items():
        (REFERENCE / name).write_text(text)
