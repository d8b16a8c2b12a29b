"""Every error the hub raises on purpose.

::

    EcosystemError
    ├── ConfigError               a setting is unknown, malformed, out of range or contradicts another one
    ├── RequestRefused            the hub cannot do what was asked
    │   ├── UnknownChain          no chain has this name
    │   ├── UnknownOperation      no operation has this id
    │   ├── UnknownBatch          the chain has not sealed this batch
    │   ├── UnknownAccount        the hub has no key of this account
    │   ├── UnknownSymbol         no token has this symbol
    │   ├── UnknownStage          messages have no such stage
    │   ├── TokenExists           another token has this symbol
    │   ├── ChainExists           the name or the id is taken
    │   ├── ChainBusy             another operation is working on the chain
    │   ├── WrongChainState       the chain is in a state from which this cannot be done
    │   └── UpgradeRefused        the chain cannot be moved to this protocol version
    ├── HubUnavailable            the hub, or the part of it that was asked, does not answer
    │   ├── HubNotRunning         no hub runs on this data directory
    │   └── HubStarting           the hub is still coming up
    ├── StartError                the hub cannot start
    │   ├── HubAlreadyRunning     a hub holds this data directory
    │   ├── PortInUse             something else listens on a port the hub needs
    │   ├── ApiUnreachable        Serve runs, and the API does not answer where it should
    │   └── L1Mismatch            the L1 is not the one the settings or the registry speak of
    ├── RegistryError             the hub's own database
    │   ├── RegistryCorrupt       the file is damaged or of another version
    │   └── IllegalTransition     a state machine has no such step
    └── StepFailed                a step of an operation failed for good
"""

from collections.abc import Iterable
from difflib import get_close_matches

from zkhub.errors import HubError


def near_miss(word: str, choices: Iterable[str]) -> str:
    """``did you mean "x"?`` for the choice nearest to ``word``, or an empty string."""
    matches = get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f'did you mean "{matches[0]}"?' if matches else ""


class EcosystemError(HubError):
    """Base of this package's errors."""


class ConfigError(EcosystemError):
    """A setting is unknown, malformed, out of range or contradicts another one.

    Attributes:
        key: Dotted name of the setting.
        source: Where the value came from: a file, an environment variable, a flag.
    """

    def __init__(self, key: str, reason: str, *, source: str = "", hint: str = "") -> None:
        where = f" (from {source})" if source else ""
        super().__init__(f"{key}: {reason}{where}" if key else f"{reason}{where}", hint=hint)
        self.key = key
        self.source = source


class RequestRefused(EcosystemError):
    """The hub cannot do what was asked."""


class UnknownChain(RequestRefused):
    """No chain of the hub has this name."""

    def __init__(self, name: str, known: Iterable[str] = ()) -> None:
        names = sorted(known)
        hint = near_miss(name, names) or (f"there are: {', '.join(names)}" if names else "there are none yet")
        super().__init__(f'there is no chain "{name}"', hint=hint)
        self.name = name


class UnknownOperation(RequestRefused):
    """No operation has this id."""

    hint = "GET /v1/operations lists the latest ones"

    def __init__(self, operation_id: str) -> None:
        super().__init__(f'there is no operation "{operation_id}"')
        self.operation_id = operation_id


class UnknownBatch(RequestRefused):
    """The chain has not sealed a batch with this number."""

    def __init__(self, chain: str, number: int, last: int) -> None:
        hint = f"the last sealed batch is {last}" if last else "it has sealed none yet"
        super().__init__(f"{chain} has no batch {number}", hint=hint)


class UnknownAccount(RequestRefused):
    """The hub has no key of this account."""

    def __init__(self, address: str, known: Iterable[str]) -> None:
        accounts = list(known)
        shown = f"{len(accounts)} development accounts, the first is {accounts[0]}" if accounts else "none"
        super().__init__(
            f"the hub has no key of {address}" if address else "the hub has no development accounts",
            hint=near_miss(address, accounts) or f"it has {shown}; others sign themselves: --key-file",
        )


class UnknownSymbol(RequestRefused):
    """No token of the hub has this symbol."""

    def __init__(self, symbol: str, known: Iterable[str]) -> None:
        symbols = ["eth", *known]
        super().__init__(
            f'there is no token "{symbol}"',
            hint=near_miss(symbol, symbols) or f"there are: {', '.join(symbols)}; or give an address or an asset id",
        )


class UnknownStage(RequestRefused):
    """Messages have no such stage."""

    def __init__(self, stage: str, known: Iterable[str]) -> None:
        stages = list(known)
        super().__init__(
            f'messages have no stage "{stage}"', hint=near_miss(stage, stages) or f"there are: {', '.join(stages)}"
        )


class TokenExists(RequestRefused):
    """Another token has this symbol."""

    def __init__(self, symbol: str, where: str) -> None:
        super().__init__(
            f'there is a token "{symbol}" on {where} already, and it is another one',
            hint="list them: zkhub token ls",
        )


class ChainExists(RequestRefused):
    """The name or the id of a new chain is taken; both stay reserved on L1 after a chain is removed."""


class ChainBusy(RequestRefused):
    """Another operation is working on the chain."""

    def __init__(self, chain: str, operation_id: str) -> None:
        super().__init__(
            f'operation {operation_id} is working on "{chain}"',
            hint=f"wait for it: GET /v1/operations/{operation_id}",
        )
        self.operation_id = operation_id


class WrongChainState(RequestRefused):
    """The chain is in a state from which this cannot be done."""

    def __init__(self, chain: str, state: str, wish: str) -> None:
        super().__init__(f'"{chain}" is {state} and cannot be {wish}')


class UpgradeRefused(RequestRefused):
    """The chain cannot be moved to this protocol version, or not now."""


class HubUnavailable(EcosystemError):
    """The hub, or the part of it that was asked, does not answer."""

    hint = "try again in a moment; `zkhub status` and `zkhub logs` tell more"


class HubNotRunning(HubUnavailable):
    """No hub runs on this data directory."""

    hint = "start it with `zkhub up`"


class HubStarting(HubUnavailable):
    """The hub is still coming up."""

    hint = "try again in a moment"


class StartError(EcosystemError):
    """The hub cannot start."""


class HubAlreadyRunning(StartError):
    """Another hub process holds this data directory."""


class PortInUse(StartError):
    """Something else listens on a port that the hub needs."""

    def __init__(self, what: str, host: str, port: int, setting: str) -> None:
        super().__init__(
            f"port {port} on {host}, wanted for {what}, is in use",
            hint=f"stop what uses it, or choose another one: --set {setting}=PORT (0 takes any free port)",
        )
        self.port = port


class ApiUnreachable(StartError):
    """Serve runs, and the API does not answer where it should."""

    hint = "a Serve that runs in the cluster already keeps its own port; end it, or let the hub start its own cluster"

    def __init__(self, url: str, reason: Exception) -> None:
        super().__init__(f"the hub API does not answer at {url}: {reason}")
        self.url = url


class L1Mismatch(StartError):
    """The L1 is not the one that the settings speak of."""

    hint = "correct l1.url or l1.chain_id"

    @classmethod
    def check(cls, url: str, found: int, expected: int) -> None:
        """Raise unless the chain ids are the same."""
        if found != expected:
            raise cls(f"the L1 at {url} has chain id {found}, not {expected}")


class RegistryError(EcosystemError):
    """The hub's own database cannot do what was asked."""


class RegistryCorrupt(RegistryError):
    """The registry file is damaged, or was written by an incompatible version."""


class IllegalTransition(RegistryError):
    """A state machine has no such step."""

    def __init__(self, what: str, old: str, new: str) -> None:
        super().__init__(f"{what} cannot go from {old} to {new}")


class StepFailed(EcosystemError):
    """A step of an operation failed for good.

    Attributes:
        step: Its name.
    """

    def __init__(self, step: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{step}: {reason}", hint=hint)
        self.step = step
