"""What must be so before any test module is imported."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import hypothesis
import structlog

from cluster.ray_environment import apply_environment, own_cluster_environment
from cluster.settings import RaySettings

#: Data directory of the one Ray cluster that tests share (``tests/cluster``).
RAY_DATA_DIR = Path(tempfile.mkdtemp(prefix="zkhub-tests-"))
RAY_SETTINGS = RaySettings(data_dir=RAY_DATA_DIR, num_cpus=4)

atexit.register(shutil.rmtree, RAY_DATA_DIR, ignore_errors=True)
# Ray reads its settings once, at its import, and any test module may be the first to import it.
apply_environment(own_cluster_environment(RAY_SETTINGS.token_path, loopback=True))

# How long an example takes says more of what else the machine does than of the example.
# The gate tries the same examples each time, so that it is red only by a change; make soak tries new ones.
IS_RANDOM = os.environ.get("ZKHUB_RANDOM_EXAMPLES", "") not in ("", "0")
hypothesis.settings.register_profile("zkhub", deadline=None, derandomize=not IS_RANDOM)
hypothesis.settings.load_profile("zkhub")

# Loops that are made to fail log tracebacks by the dozen; drawn with colours they take a sixth of such a test.
*_first, _ = structlog.get_config()["processors"]
_console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*_first, _console])
