"""``zkhub``: start a hub, launch chains into it, look at what it does."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ecosystem.cli import audit, batches, bridge, chains, config, doctor, escape, hub, logs, messages, provers, zkvm
from ecosystem.cli.context import Options
from ecosystem.cli.output import INTERRUPTED, err

HELP = """A ZK Chain hub: many EVM rollup chains, one prover pool, one settlement layer.

[bold]Begin[/bold]   zkhub up                        start an L1, two chains and the provers
[bold]Look[/bold]    zkhub status                    what runs, and how far
[bold]Grow[/bold]    zkhub chain create gamma --id 273
[bold]End[/bold]     zkhub down

Exit codes: 0 done, 1 refused, 2 wrong usage or settings, 3 no hub runs, 4 it could not start, 5 something is amiss.
Every setting is also a variable (ZKHUB_L1__PORT) and a flag (--set l1.port=8546); `zkhub config schema` lists them.
"""


#: Options before the command that may just as well stand behind it, and whether they take a value.
_ANYWHERE = {
    "--data-dir": True,
    "--config": True,
    "-c": True,
    "--quiet": False,
    "-q": False,
    "--verbose": False,
    "-v": False,
}
#: Commands that have no ``--set`` of their own.
_SETTINGS_COMMANDS = frozenset({"up", "doctor", "config"})


def hoisted(arguments: list[str]) -> list[str]:
    """The arguments with the options that belong before the command moved there."""
    front: list[str] = []
    rest: list[str] = []
    waiting = list(arguments)
    movable = _ANYWHERE | {"--set": True}
    while waiting:
        word = waiting.pop(0)
        name, equals, _ = word.partition("=")
        if name in movable:
            front.append(word)
            if movable[name] and not equals and waiting:
                front.append(waiting.pop(0))
            continue
        rest.append(word)
        if word == "--":
            return front + rest + waiting
        if len(rest) == 1 and word not in _SETTINGS_COMMANDS:
            movable = _ANYWHERE
    return front + rest


class HubGroup(TyperGroup):
    """Takes the hub's options before and behind the command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line."""
        return super().parse_args(ctx, hoisted(args))


app = typer.Typer(
    name="zkhub",
    help=HELP,
    cls=HubGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("up")(hub.up)
app.command("down")(hub.down)
app.command("status")(hub.status)
app.add_typer(chains.app, name="chain", help="Create, show, pause, resume, remove, upgrade, repair and recover chains.")
app.add_typer(batches.batch, name="batch", help="Batches on their way to L1.")
app.add_typer(provers.prover, name="prover", help="The prover pool: who proves what, why, and for whom.")
app.add_typer(batches.account, name="account", help="Development accounts.")
app.command("deposit")(bridge.deposit)
app.command("withdraw")(bridge.withdraw)
app.command("send")(bridge.send)
app.command("claim")(bridge.claim)
app.add_typer(messages.message, name="message", help="Messages on their way over the bridge.")
app.add_typer(messages.token, name="token", help="Tokens for development.")
app.add_typer(escape.app, name="escape", help="Out of a chain with L1 access alone.")
app.command("audit")(audit.audit)
app.add_typer(zkvm.app, name="zkvm", help="Run, profile, prove and verify RV32IM programs.")
app.command("logs")(logs.logs)
app.command("doctor")(doctor.doctor)
app.add_typer(config.app, name="config", help="Settings: what applies, and what there is.")


def _version(value: bool) -> None:
    if value:
        from zkhub import __version__

        typer.echo(f"zkhub {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Where the hub keeps everything.", envvar="ZKHUB_DATA_DIR", show_default="hub-data"),
    ] = None,
    config_file: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Settings file.", envvar="ZKHUB_CONFIG", show_default="zkhub.toml"),
    ] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", help="Any setting; repeatable.", metavar="KEY=VALUE")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what is wrong.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    context.obj = Options(data_dir, config_file, tuple(sets or ()), verbose, quiet)


def main() -> None:
    """The console script."""
    try:
        app()
    except KeyboardInterrupt:
        err().print("interrupted")
        os._exit(INTERRUPTED)
