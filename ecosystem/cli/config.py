"""``zkhub config …``."""

import typer

from ecosystem.cli.context import Options
from ecosystem.cli.hub import Json
from ecosystem.cli.output import emit_json

app = typer.Typer(no_args_is_help=True)


@app.command("show")
def show(context: typer.Context, as_json: Json = False) -> None:
    """The settings that would apply, as a zkhub.toml; secrets are left out."""
    from ecosystem.config import as_toml, public

    options: Options = context.obj
    settings = options.settings()
    if as_json:
        emit_json(public(settings))
    else:
        typer.echo(as_toml(settings), nl=False)


@app.command("schema")
def schema(context: typer.Context) -> None:
    """Every setting, with its type, range, default and meaning, as JSON Schema."""
    from ecosystem.settings import HubSettings

    emit_json(HubSettings.model_json_schema())
