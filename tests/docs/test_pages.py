"""The commands and programs in the documentation are run, in order, against a real hub."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support import npm_tool, wait_for_rpc

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def blocks(page: Path) -> list[tuple[str, str]]:
    return [(kind, text) for kind, text in _BLOCK.findall(page.read_text())]


def marks(page: Path) -> list[pytest.MarkDecorator]:
    """A page that says so is run by make soak."""
    return [pytest.mark.soak] if "<!-- run by: make soak -->" in page.read_text() else []


RUN = [
    pytest.param(page, id=str(page.relative_to(ROOT)), marks=marks(page))
    for page in PAGES
    if blocks(page) and "hub" in page.read_text() and page.parent.name != "reference"
]


@pytest.fixture
def workplace() -> Iterator[Path]:
    """A directory of its own with a short path (Ray's sockets), and no hub left behind."""
    directory = Path(tempfile.mkdtemp(prefix="zkhub-docs-"))
    try:
        yield directory
    finally:
        subprocess.run(
            ["zkhub", "down"], cwd=directory, env=environment(), check=False, capture_output=True, timeout=120
        )
        shutil.rmtree(directory, ignore_errors=True)


def environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ZKHUB_")}
    # A reader's batches are proven; here that would take minutes a page, on a machine that runs other tests as well.
    inherited["ZKHUB_PROOFS"] = "none"
    return inherited | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_COLOR": "1"}


@pytest.fixture
def anvil(request: pytest.FixtureRequest) -> Iterator[None]:
    """The L1 that a page tells its reader to start."""
    page: Path = request.getfixturevalue("page")
    if "<!-- starts: anvil -->" not in page.read_text():
        yield
        return
    binary = npm_tool("anvil")
    if binary is None:
        pytest.skip("anvil is not installed: make npm")
    process = subprocess.Popen([binary, "--port", "18545", "--silent"])
    try:
        wait_for_rpc("http://127.0.0.1:18545")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.timeout(420)
@pytest.mark.parametrize("page", RUN)
def test_what_a_page_tells_its_reader_to_run_works(page: Path, workplace: Path, anvil: None) -> None:
    for number, (kind, text) in enumerate(blocks(page), start=1):
        if kind == "sh" and "make " in text:
            for target in re.findall(r"make ([a-z-]+)", text):
                assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), f"no make {target}"
            continue
        command = ["bash", "-euo", "pipefail", "-c", text] if kind == "sh" else [sys.executable, "-c", text]
        done = subprocess.run(
            command, cwd=workplace, env=environment(), capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, f"block {number} of {page.name}:\n{text}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(_CODE.sub("", page.read_text())):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_generated_pages_are_fresh() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import generate
    finally:
        sys.path.pop(0)
    for name, text in generate.pages().items():
        assert (ROOT / "docs" / "reference" / name).read_text() == text, f"run: python docs/generate.py ({name})"


def test_there_is_a_network_free_default() -> None:
    """The pages name loopback addresses only; whoever copies a command talks to his own machine."""
    for page in PAGES:
        for host in re.findall(r"https?://([0-9.]+)", page.read_text()):
            assert httpx.URL(f"http://{host}").host.startswith("127."), f"{page.name} names {host}"
