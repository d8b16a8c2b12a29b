"""What can go wrong when a guest is built.

::

    ZkvmError
    └── GuestKitError
        ├── CompilerMissing     no cross compiler on this machine
        ├── CompilationFailed   .output has what the compiler said
        └── StaleExample        a committed ELF is not what its sources make
"""

from zkvm.errors import ZkvmError


class GuestKitError(ZkvmError):
    """Base of the errors of building guests."""


class CompilerMissing(GuestKitError):
    """The compiler that was asked for is not installed."""

    hint = "install the package ziglang (`pip install ziglang`), or gcc-riscv64-unknown-elf of Debian"

    def __init__(self, name: str) -> None:
        super().__init__(f"the compiler {name} is not installed")
        self.name = name


class CompilationFailed(GuestKitError):
    """The compiler refused the sources."""

    def __init__(self, command: str, output: str) -> None:
        super().__init__(f"{command} failed:\n{output}")
        self.output = output


class StaleExample(GuestKitError):
    """A committed ELF differs from its line in the manifest, or has none."""

    hint = "run `python -m zkvm.guest_kit.examples`"

    def __init__(self, name: str) -> None:
        super().__init__(f"the example {name} is not the one in the manifest")
        self.name = name
