"""``zkhub deposit``, ``withdraw``, ``send`` and ``claim``."""

import secrets
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from ecosystem.cli.amounts import decimals_of, parse_amount
from ecosystem.cli.context import Client, Options, explained
from ecosystem.cli.hub import Json
from ecosystem.cli.output import REFUSED, USAGE, emit_json, err, fail, say

Chain = Annotated[str, typer.Argument(help="Name of the chain.")]
Amount = Annotated[str, typer.Argument(help="How much: 0.5 of the token, or 500wei in its smallest unit.")]
Token = Annotated[
    str, typer.Option(help="eth, a symbol of `zkhub token ls`, an address where it leaves from, or an asset id.")
]
To = Annotated[str, typer.Option(help="Who gets it; the sender unless given.", show_default=False)]
From = Annotated[
    str, typer.Option("--from", help="Development account that pays; the first one unless given.", show_default=False)
]
KeyFile = Annotated[
    Path | None, typer.Option(help="File with the private key that pays; it never leaves this process.")
]
Request = Annotated[
    str, typer.Option(help="A name of your own: under the same name nothing moves twice.", show_default=False)
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow it to its destination.")]
Relay = Annotated[
    bool | None,
    typer.Option("--relay/--no-relay", help="Whether the hub claims it; its setting unless given.", show_default=False),
]
#: Seconds between two looks at a message.
_LOOK_S = 0.3
#: Seconds a command follows a message; it goes on without it.
_FOLLOW_S = 900.0
_ENDS = ("claimed", "failed", "dead")


def deposit(
    context: typer.Context,
    chain: Chain,
    amount: Amount,
    token: Token = "eth",
    to: To = "",
    sender: From = "",
    key_file: KeyFile = None,
    request: Request = "",
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Move value from L1 to a chain.

    For example: zkhub deposit alpha 0.5
    """
    body = {"chain": chain, "token": token, "to": to, "account": sender, "request": request}
    _move(context.obj, "/v1/deposits", body, amount, key_file, wait, as_json)


def withdraw(
    context: typer.Context,
    chain: Chain,
    amount: Amount,
    token: Token = "eth",
    to: To = "",
    sender: From = "",
    key_file: KeyFile = None,
    request: Request = "",
    relay: Relay = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Move value from a chain to L1. It can be claimed there once its batch is executed; the hub does that.

    For example: zkhub withdraw alpha 0.25
    """
    body = {"chain": chain, "token": token, "to": to, "account": sender, "request": request, "relay": relay}
    _move(context.obj, "/v1/withdrawals", body, amount, key_file, wait, as_json)


def send(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="Chain that it leaves.")],
    destination: Annotated[str, typer.Argument(help="Chain that it goes to.")],
    amount: Amount,
    token: Token = "eth",
    to: To = "",
    sender: From = "",
    key_file: KeyFile = None,
    request: Request = "",
    relay: Relay = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Move value from a chain to another one.

    For example: zkhub send alpha beta 0.1
    """
    body = {
        "source": source, "destination": destination, "token": token, "to": to, "account": sender,
        "request": request, "relay": relay,
    }  # fmt: skip
    _move(context.obj, "/v1/transfers", body, amount, key_file, wait, as_json)


def claim(
    context: typer.Context,
    message: Annotated[str, typer.Argument(help="Id of a message, or hash of the transaction that sent it.")],
    source: Annotated[
        str, typer.Option(help="Chain of the transaction (or l1), with a hash.", show_default=False)
    ] = "",
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Bring a message to its destination as soon as that is possible. Repeating it is safe."""
    client = context.obj.client()
    if message.startswith("0x"):
        if not source:
            fail("a transaction's hash does not say which chain it is on", "add --source CHAIN", USAGE)
        found = client.post("/v1/messages", {"source": source, "transaction": message})
        if not found:
            fail(f"transaction {message} sent nothing over the bridge")
    else:
        found = [client.post(f"/v1/messages/{message}/claim")]
    _finish(context.obj, client, found, wait, as_json)


def _move(
    options: Options, path: str, body: dict[str, Any], amount: str, key_file: Path | None, wait: bool, as_json: bool
) -> None:
    client = options.client()
    body["amount"] = str(parse_amount(amount, decimals_of(client, body["token"])))
    if key_file is not None:
        message = _move_with_key(client, path, body, key_file)
    else:
        # A lost connection is tried again under the same name, so that nothing moves twice.
        body["request"] = body["request"] or f"cli-{secrets.token_hex(8)}"
        message = client.post(path, {key: value for key, value in body.items() if value is not None})
    _finish(options, client, [message], wait, as_json)


def _move_with_key(client: Client, path: str, body: dict[str, Any], key_file: Path) -> dict[str, Any]:
    """Sign here, and hand the transaction to the hub to be followed."""
    from shared_bridge import Bridge

    try:
        key = key_file.read_text().strip()
    except OSError as error:
        fail(f"{key_file} cannot be read: {error.strerror}", "", USAGE)
    chains = {chain["name"]: chain["rpc_url"] for chain in client.get("/v1/chains") if chain["contract"]}
    l1 = client.get("/v1/l1")
    with explained(), Bridge(l1["url"], chains, bridgehub=l1["contracts"]["bridgehub"]) as bridge:
        rest = (
            _token(client, body["token"], body.get("source") or body["chain"]),
            int(body["amount"]),
            body["to"] or None,
        )
        if path == "/v1/deposits":
            deposited = bridge.deposit(key, body["chain"], *rest)
            source, tx_hash = "l1", deposited.l1_transaction_hash
        elif path == "/v1/withdrawals":
            source, tx_hash = body["chain"], bridge.withdraw(key, body["chain"], *rest).l2_transaction_hash
        else:
            transfer = bridge.send(key, body["source"], body["destination"], *rest)
            source, tx_hash = body["source"], transfer.l2_transaction_hash
    found: list[dict[str, Any]] = client.post("/v1/messages", {"source": source, "transaction": "0x" + tx_hash.hex()})
    return found[0]


def _token(client: Client, token: str, source: str) -> str:
    """What the library calls a token: a symbol is the hub's own word."""
    for known in client.get("/v1/tokens"):
        if known["symbol"].lower() == token.lower():
            address: str = known["addresses"].get(source, known["asset_id"])
            return address
    return token


def _finish(options: Options, client: Client, messages: list[dict[str, Any]], wait: bool, as_json: bool) -> None:
    if wait:
        messages = [_followed(options, client, message) for message in messages]
    if as_json:
        emit_json(messages[0] if len(messages) == 1 else messages)
    for message in messages:
        if wait and message["stage"] in ("failed", "dead"):
            hint = f"`zkhub message retry {message['id']}` tries again" if message["stage"] == "dead" else ""
            fail(f"message {message['id']} is {message['stage']}: {message['error']}", hint, REFUSED)
        if not wait and not as_json:
            say(f"message {message['id']} is {message['stage']}; `zkhub message show {message['id']}` tells more")


def _followed(options: Options, client: Client, message: dict[str, Any]) -> dict[str, Any]:
    """Follow a message to its end, or to where only a claim that nobody makes would bring it on."""
    deadline = time.monotonic() + _FOLLOW_S
    stage, begun = "", time.monotonic()
    while True:
        if message["stage"] != stage:
            if stage and not options.quiet:
                err().print(f"  [green]✓[/green] {stage} [dim]{time.monotonic() - begun:.1f} s[/dim]")
            stage, begun = message["stage"], time.monotonic()
        if stage in _ENDS or (stage == "claimable" and not message["relay"]):
            if stage not in ("failed", "dead") and not options.quiet:
                say(f"  [green]✓[/green] {stage}")
                say(f"message {message['id']}, {message['age_s']:.1f} s")
            return message
        if time.monotonic() > deadline:
            fail(
                f"message {message['id']} is still {stage} after {_FOLLOW_S:.0f} s; it goes on",
                f"`zkhub message show {message['id']}`",
            )
        time.sleep(_LOOK_S)
        message = client.get(f"/v1/messages/{message['id']}")
