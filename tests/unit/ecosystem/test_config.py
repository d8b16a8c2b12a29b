"""Settings: where they come from, what is refused, what is written."""

import contextlib
import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ecosystem.config import as_toml, load, public, with_secrets
from ecosystem.errors import ConfigError
from ecosystem.settings import ETHER, HubSettings, check_chain_name

KEY = "0x" + "ab" * 32


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str) -> Path:
    path = Path("zkhub.toml")
    path.write_text(text)
    return path


def test_defaults_are_an_l1_and_two_chains() -> None:
    hub = load(environ={})
    assert hub.l1.embedded and hub.l1.port == 8545 and hub.l1.expected_chain_id == 31_337
    assert {name: chain.id for name, chain in hub.chains.items()} == {"alpha": 271, "beta": 272}
    assert hub.proofs == "stark" and hub.proof_profile == "fast" and hub.provers.workers == 1
    assert hub.prover_backend == "stark-fast"


@pytest.mark.parametrize(
    ("url", "profile"),
    [
        ("http://127.0.0.1:8545", "fast"),
        ("http://localhost:8545", "fast"),
        ("http://[::1]:8545", "fast"),
        ("http://10.0.0.7:8545", "l1"),
        ("https://rpc.example.org", "l1"),
    ],
)
def test_the_profile_is_what_is_soonest_here_and_what_is_cheapest_elsewhere(url: str, profile: str) -> None:
    flags = [f"l1.url={url}", "l1.chain_id=5", "l1.deployer_key=0x" + "11" * 32]
    assert load(flags=flags, environ={}).proof_profile == profile
    assert load(flags=[*flags, "profile=l1-128"], environ={}).prover_backend == "stark-l1-128"
    assert load(flags=[*flags, "proofs=none"], environ={}).prover_backend == "unproven"


def test_flag_beats_environment_beats_file_beats_default() -> None:
    write("[l1]\nport = 1001\n[api]\nport = 1002\nhost = '127.0.0.3'\n")
    hub = load(flags=["l1.port=3001"], environ={"ZKHUB_L1__PORT": "2001", "ZKHUB_API__PORT": "2002"})
    assert (hub.l1.port, hub.api.port, hub.api.host) == (3001, 2002, "127.0.0.3")
    assert hub.provers.workers == HubSettings().provers.workers


def test_named_flags_count_as_flags() -> None:
    assert load(overrides={"data_dir": "x"}, environ={"ZKHUB_DATA_DIR": "y"}).data_dir == Path("x")


def test_a_file_that_names_chains_names_all_of_them() -> None:
    write("[chains.gamma]\nid = 300\n")
    hub = load(environ={"ZKHUB_CHAINS__GAMMA__PORT": "4000"})
    assert list(hub.chains) == ["gamma"] and hub.chains["gamma"].port == 4000


def test_a_variable_changes_a_default_chain() -> None:
    hub = load(environ={"ZKHUB_CHAINS__ALPHA__PORT": "4000"})
    assert hub.chains["alpha"].port == 4000 and hub.chains["alpha"].id == 271 and "beta" in hub.chains


def test_other_variables_of_ours_are_no_settings() -> None:
    load(environ={"ZKHUB_TOKEN": "x", "ZKHUB_API_URL": "y", "ZKHUB_LOG_LEVEL": "debug", "PATH": "/bin"})
    load(environ={"ZKHUB_ESCAPE_L1_URL": "x", "ZKHUB_ESCAPE_BRIDGEHUB": "y", "ZKHUB_ISA": "portable"})


@pytest.mark.parametrize(
    ("flags", "key", "word", "hint"),
    [
        (["l1.prot=1"], "l1.prot", "no such setting", "port"),
        (["chains.alpha.block.intervalms=5"], "chains.alpha.block.intervalms", "no such", "interval_ms"),
        (["prover.workers=1"], "prover", "no such setting", "provers"),
        (["l1.port=99999"], "l1.port", "65535", ""),
        (["l1.port=many"], "l1.port", "many", ""),
        (["chains.alpha.id=0"], "chains.alpha.id", "greater", ""),
        (["chains.alpha.id=281474976710656"], "chains.alpha.id", "less", ""),
        (["chains.alpha.base_token=usdc"], "chains.alpha.base_token", "neither", ""),
        (["chains.alpha.block.gas_limit=2000000"], "chains.alpha", "72000000", ""),
        (["chains.alpha.id=272"], "", "same chain id", ""),
        (["chains.alpha.id=31337"], "", "same chain id", ""),
        (["chains.alpha.port=8545"], "", "same port", ""),
        (["chains.UP.id=5"], "chains", "no chain name", ""),
        (["chains.l1.id=5"], "chains", "reserved", ""),
        (["l1.url=ftp://x"], "l1.url", "http", ""),
        (["l1.url=http://x"], "l1", "l1.chain_id", ""),
        (["l1.url=http://x", "l1.chain_id=5"], "l1", "deployer_key", ""),
        (["l1.deployer_key=0x12"], "l1.deployer_key", "64 hexadecimal", ""),
        (["proofs=snark"], "proofs", "stark", ""),
        (["profile=l2"], "profile", "l1", ""),
        (["api.port"], "api.port", "key=value", "l1.port=8546"),
    ],
)
def test_faults_are_named_and_explained(flags: list[str], key: str, word: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(flags=flags, environ={})
    assert caught.value.key == key
    assert word in caught.value.message
    assert hint in caught.value.hint


def test_a_fault_says_where_it_comes_from() -> None:
    write("[l1]\nport = -1\n")
    with pytest.raises(ConfigError, match=r"zkhub\.toml"):
        load(environ={})
    with pytest.raises(ConfigError, match="ZKHUB_L1__PROT"):
        load(environ={"ZKHUB_L1__PROT": "1", "ZKHUB_L1__PORT": "1"})


def test_a_secret_is_not_repeated_in_a_fault() -> None:
    with pytest.raises(ConfigError) as caught:
        load(flags=["l1.deployer_key=0x1234beef"], environ={})
    assert "beef" not in caught.value.message


@pytest.mark.parametrize("content", ["not toml at all [", "a = \x00"])
def test_a_broken_file_is_a_typed_error(content: str) -> None:
    write(content)
    with pytest.raises(ConfigError, match="TOML"):
        load(environ={})


def test_a_missing_file_that_was_named_is_an_error() -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        load(file=Path("nowhere.toml"), environ={})
    with pytest.raises(ConfigError, match="nowhere"):
        load(environ={"ZKHUB_CONFIG": "nowhere.toml"})


def test_what_is_shown_can_be_read_again() -> None:
    hub = load(flags=["chains.gamma.id=300", "chains.gamma.data_availability=validium"], environ={})
    path = Path("shown.toml")
    path.write_text(as_toml(hub))
    assert load(file=path, environ={}) == hub


def test_secrets_are_left_out_of_what_is_shown_and_kept_in_what_the_hub_reads() -> None:
    flags = ["l1.url=http://x", "l1.chain_id=5", f"l1.deployer_key={KEY}", f"chains.alpha.keys.committer={KEY}"]
    hub = load(flags=flags, environ={})
    assert KEY not in as_toml(hub) and KEY not in json.dumps(public(hub)) and KEY not in repr(hub)
    again = HubSettings.model_validate(with_secrets(hub))
    assert again == hub
    assert again.l1.deployer_key is not None and again.l1.deployer_key.get_secret_value() == KEY


def test_an_external_l1_pays_less_by_itself() -> None:
    external = ["l1.url=http://x", "l1.chain_id=5", f"l1.deployer_key={KEY}"]
    hub = load(flags=external, environ={})
    assert hub.l1.operator_grant_wei == ETHER and hub.dev_accounts.deposit_wei(hub.l1) == 0
    asked = load(flags=[*external, "dev_accounts.chain_balance_wei=7", "l1.operator_balance_wei=8"], environ={})
    assert asked.dev_accounts.deposit_wei(asked.l1) == 7 and asked.l1.operator_grant_wei == 8


@given(st.text(max_size=40))
def test_chain_names(name: str) -> None:
    good = (
        0 < len(name) <= 32
        and name[0] in "abcdefghijklmnopqrstuvwxyz"
        and all(letter in "abcdefghijklmnopqrstuvwxyz0123456789-" for letter in name)
        and name != "l1"
    )
    if good:
        check_chain_name(name)
    else:
        with pytest.raises(ValueError):
            check_chain_name(name)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["l1", "port", "id", "x", "alpha", "chains"]), inner, max_size=3)
        ),
        max_leaves=6,
    )
)
def test_any_rubbish_is_a_config_error_or_settings(value: object) -> None:
    try:
        load(overrides={"chains": value}, environ={})
    except ConfigError as error:
        assert error.message
    with contextlib.suppress(ValidationError):
        HubSettings.model_validate({"l1": value})


def test_toml_strings_are_escaped() -> None:
    hub = load(flags=['dev_accounts.mnemonic=a "b" \\ ü'], environ={})
    assert tomllib.loads(as_toml(hub))["dev_accounts"]["mnemonic"] == 'a "b" \\ ü'


def test_a_data_directory_remembers_what_its_last_start_was_given() -> None:
    first = load(flags=["l1.port=9000", "chains.alpha.port=4000", f"l1.deployer_key={KEY}"], environ={})
    remembered = with_secrets(first)
    assert load(environ={}, remembered=remembered) == first
    write("[l1]\nport = 9001\n")
    again = load(environ={"ZKHUB_API__PORT": "9002"}, remembered=remembered)
    assert (again.l1.port, again.api.port, again.chains["alpha"].port) == (9001, 9002, 4000)


def test_chains_that_were_named_once_are_not_joined_by_the_default_ones() -> None:
    write("[chains.gamma]\nid = 300\n")
    remembered = with_secrets(load(environ={}))
    Path("zkhub.toml").unlink()
    assert list(load(environ={}, remembered=remembered).chains) == ["gamma"]
    assert set(load(flags=["chains.delta.id=301"], environ={}, remembered=remembered).chains) == {"gamma", "delta"}
