"""``python -m zkvm.air.generate FOLDER`` writes the C kernels there; ``--list`` names the files instead.

Runs while the package is built, with nothing but the standard library.
"""

import argparse
import sys
from pathlib import Path

from zkvm.air.generate.c import source_names, write_sources
from zkvm.air.generate.machines import compiled_machines


def main() -> None:
    """Write or list the generated sources."""
    parser = argparse.ArgumentParser(prog="python -m zkvm.air.generate", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the C sources go")
    parser.add_argument(
        "--list", action="store_true", help="print the files' names, separated by ';', and write nothing"
    )
    arguments = parser.parse_args()
    machines = compiled_machines()
    if arguments.list:
        sys.stdout.write(";".join(str(arguments.folder / name) for name in source_names(machines)))
    else:
        write_sources(machines, arguments.folder)


if __name__ == "__main__":
    main()
