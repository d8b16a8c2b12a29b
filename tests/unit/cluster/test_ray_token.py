"""Ray's token and environment, without Ray."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.errors import RayAlreadyImported, RayTokenMissing, RayUnreachable
from cluster.ray_environment import apply_environment
from cluster.ray_token import check_token, ensure_token, find_token


def test_the_token_is_created_once_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ray-token"
    ensure_token(path)
    token = find_token(path)
    assert len(bytes.fromhex(token)) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.chmod(0o644)
    ensure_token(path)
    assert find_token(path) == token
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_missing_token_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "nowhere"))
    with pytest.raises(RayTokenMissing, match="nowhere"):
        find_token()
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(RayTokenMissing, match="empty"):
        find_token(tmp_path / "empty")


def test_the_token_is_looked_for_where_ray_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("from the file\n")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    assert find_token() == "from the file"
    monkeypatch.setenv("RAY_AUTH_TOKEN", "from the environment")
    assert find_token() == "from the environment"


def test_an_address_where_nothing_answers_is_said_at_once() -> None:
    with pytest.raises(RayUnreachable, match=r"127\.0\.0\.1:1"):
        check_token("127.0.0.1:1", "token", timeout_s=3_600)


def test_an_address_that_accepts_and_says_nothing_is_given_up_soon() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(RayUnreachable, match=address):
            check_token(address, "token", timeout_s=0.5)


def test_settings_that_ray_would_not_read_any_more_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    apply_environment({"RAY_AUTH_MODE": "token"})
    monkeypatch.setitem(sys.modules, "ray", sys)
    apply_environment({"RAY_AUTH_MODE": "token"})
    with pytest.raises(RayAlreadyImported, match="RAY_AUTH_MODE"):
        apply_environment({"RAY_AUTH_MODE": "disabled"})


def test_the_package_and_its_surface_load_without_ray() -> None:
    script = "import sys, cluster; [getattr(cluster, name) for name in cluster.__all__]; print('ray' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
