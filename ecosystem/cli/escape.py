"""``zkhub escape …``: out of a chain whose operator does not answer, with L1 access alone. No hub has to run."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecosystem.cli.amounts import ETHER_DECIMALS, parse_amount
from ecosystem.cli.context import Options, explained
from ecosystem.cli.hub import Json
from ecosystem.cli.l1_place import l1_place
from ecosystem.cli.output import USAGE, emit_json, fail, out, say

if TYPE_CHECKING:
    from shared_bridge.escape import Escape

app = typer.Typer(no_args_is_help=True)
Chain = Annotated[str, typer.Argument(help="Chain id, or a chain's name while its hub runs.")]
L1Url = Annotated[str, typer.Option(help="JSON-RPC of L1.", envvar="ZKHUB_ESCAPE_L1_URL", show_default="the hub's")]
Bridgehub = Annotated[
    str, typer.Option(help="Address of the Bridgehub on L1.", envvar="ZKHUB_ESCAPE_BRIDGEHUB", show_default="the hub's")
]
_EXAMPLE = "zkhub escape … 271 --l1-url URL --bridgehub ADDRESS"
KeyFile = Annotated[Path, typer.Option(help="File with your private key; it pays for gas on L1.")]


@app.command("status")
def escape_status(
    context: typer.Context, chain: Chain, l1_url: L1Url = "", bridgehub: Bridgehub = "", as_json: Json = False
) -> None:
    """How many requests from L1 wait, and when the operator is overdue."""
    _, way_out = _way_out(context.obj, chain, l1_url, bridgehub)
    with explained(), way_out as escape:
        queue = escape.queue()
    shown: dict[str, Any] = {
        "chain_id": escape.chain_id,
        "waiting": queue.waiting,
        "oldest": queue.oldest,
        "overdue_at": queue.overdue_at,
        "overdue": queue.is_overdue,
        "priority_mode": queue.priority_mode,
    }
    if as_json:
        emit_json(shown)
        return
    console = out()
    console.print(f"chain {escape.chain_id}: {queue.waiting} requests from L1 wait")
    if queue.overdue_at is not None:
        left = queue.overdue_at - max(queue.l1_time, int(time.time()))
        console.print(
            "the operator is overdue" if queue.is_overdue else f"the operator has {left} s left for the oldest"
        )
    console.print(
        f"priority mode: {'on: batches with requests from L1 alone, from anyone' if queue.priority_mode else 'off'}"
    )


@app.command("withdraw")
def escape_withdraw(
    context: typer.Context,
    chain: Chain,
    amount: Annotated[str, typer.Argument(help="How much: 0.5 (ether), or 500wei in the smallest unit.")],
    key_file: KeyFile,
    asset: Annotated[str, typer.Option(help="eth, or an asset id.")] = "eth",
    to: Annotated[str, typer.Option(help="Receiver on L1; yourself unless given.", show_default=False)] = "",
    l1_url: L1Url = "",
    bridgehub: Bridgehub = "",
    as_json: Json = False,
) -> None:
    """Ask the chain through L1 to withdraw what you have there. Its operator must do it before the deadline."""
    wei = parse_amount(amount, ETHER_DECIMALS if asset == "eth" else None)
    url, way_out = _way_out(context.obj, chain, l1_url, bridgehub)
    with explained(), way_out as escape:
        request = escape.request_withdrawal(_key(key_file), _asset(asset, url), wei, to or None)
    shown = {
        "priority_id": request.priority_id,
        "l2_transaction": "0x" + request.canonical_hash.hex(),
        "l1_transaction": "0x" + request.l1_transaction_hash.hex(),
        "overdue_at": request.expiration_timestamp,
    }
    if as_json:
        emit_json(shown)
    else:
        say(f"request {request.priority_id} waits on L1; if nothing happens, run `zkhub escape activate {chain}`")
        say(f"after {time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime(request.expiration_timestamp))}")


@app.command("activate")
def escape_activate(
    context: typer.Context,
    chain: Chain,
    key_file: KeyFile,
    l1_url: L1Url = "",
    bridgehub: Bridgehub = "",
    as_json: Json = False,
) -> None:
    """Put a chain whose operator is overdue into priority mode: from then on anyone may settle requests from L1."""
    _, way_out = _way_out(context.obj, chain, l1_url, bridgehub)
    with explained(), way_out as escape:
        transaction = "0x" + escape.activate(_key(key_file)).hex()
    if as_json:
        emit_json({"chain_id": escape.chain_id, "l1_transaction": transaction})
    else:
        say(f"chain {escape.chain_id} is in priority mode: {transaction}")


@app.command("settle")
def escape_settle(
    context: typer.Context,
    chain: Chain,
    key_file: KeyFile,
    l1_url: L1Url = "",
    bridgehub: Bridgehub = "",
    as_json: Json = False,
) -> None:
    """Settle the requests that wait, of a chain in priority mode, from what the chain published on L1."""
    from ecosystem.way_out import WayOut
    from shared_bridge.node import private_key

    found = l1_place(context.obj, chain, l1_url, bridgehub, _EXAMPLE)
    with explained(), WayOut(*found) as way_out:
        settled = way_out.settle(private_key(_key(key_file)), (lambda line: None) if as_json else say)
    if as_json:
        emit_json(
            [
                {
                    "batch": each.batch_number,
                    "requests": each.requests,
                    "l1_transaction": "0x" + each.transaction_hash.hex(),
                }
                for each in settled
            ]
        )
    elif settled:
        say(f"{sum(len(each.requests) for each in settled)} requests are executed; `zkhub escape claim {chain}` claims")
    else:
        say("no request waits")


@app.command("claim")
def escape_claim(
    context: typer.Context,
    chain: Chain,
    key_file: KeyFile,
    to: Annotated[
        str, typer.Option(help="Claim what goes to this receiver; yourself unless given.", show_default=False)
    ] = "",
    l1_url: L1Url = "",
    bridgehub: Bridgehub = "",
    as_json: Json = False,
) -> None:
    """Claim your executed withdrawals with proofs from what the chain published on L1. Repeating it is safe."""
    from ecosystem.way_out import WayOut
    from shared_bridge.asset_ids import checked_recipient
    from shared_bridge.escape import Escape
    from shared_bridge.node import account_address, private_key

    found = l1_place(context.obj, chain, l1_url, bridgehub, _EXAMPLE)
    with explained(), WayOut(*found) as way_out, Escape(*found) as escape:
        key = private_key(_key(key_file))
        receiver = checked_recipient(to) if to else account_address(key)
        claimed = way_out.claim(escape, key, receiver)
    shown = [
        {
            "receiver": each.receiver,
            "amount": str(each.amount),
            "asset_id": None if each.asset_id is None else "0x" + each.asset_id.hex(),
            "batch": each.inclusion.batch_number,
            "l1_transaction": None if transaction is None else "0x" + transaction.hex(),
        }
        for each, transaction in claimed
    ]
    if as_json:
        emit_json(shown)
        return
    for each in shown:
        what = f"{each['amount']} of {each['asset_id'] or 'the base token'} from batch {each['batch']}"
        say(f"{what}: {each['l1_transaction'] or 'claimed before'}")
    if not shown:
        say(f"chain {found[2]} published no withdrawal to {receiver}")


def _way_out(options: Options, chain: str, l1_url: str, bridgehub: str) -> tuple[str, "Escape"]:
    """The L1's URL and the way out, from what was given and what a running hub says."""
    from shared_bridge.escape import Escape

    url, hub, chain_id = l1_place(options, chain, l1_url, bridgehub, _EXAMPLE)
    with explained():
        return url, Escape(url, hub, chain_id)


def _asset(asset: str, l1_url: str) -> bytes:
    if asset == "eth":
        from contracts.client import L1Client
        from shared_bridge.asset_ids import eth_asset_id

        with L1Client(l1_url) as client:
            return eth_asset_id(client.chain_id())
    try:
        found = bytes.fromhex(asset.removeprefix("0x"))
    except ValueError:
        found = b""
    if len(found) != 32:
        fail(f'"{asset}" is no asset id', "it is 0x and 64 hexadecimal digits, or eth", USAGE)
    return found


def _key(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}", "", USAGE)
