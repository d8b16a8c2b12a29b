"""NVIDIA's run-time compiler, from its wheel: compiles for any device, without one."""

import ctypes
import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, files

import pytest

from zkvm.backends.cuda.sources import OPTIONS

ARCHITECTURES = ("sm_80", "sm_89", "sm_90", "sm_100")
# Functions of a header that a kernel does not use, and variables of a generated one.
QUIET = ("--diag-suppress=177,550",)
KERNEL = re.compile(
    r"entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores.*?Used (\d+) registers", re.DOTALL
)


@dataclass(frozen=True)
class Resources:
    """What a thread of a kernel takes: registers, and bytes of local memory because they are not enough."""

    registers: int
    stack: int
    spilled: int


@cache
def library():
    """The compiler; skips the test where its wheel is not installed."""
    try:
        found = [path for path in files("nvidia-cuda-nvrtc") or () if path.name.startswith("libnvrtc.so")]
    except PackageNotFoundError:
        found = []
    if not found:
        pytest.skip("NVRTC is not installed: nvidia-cuda-nvrtc has wheels for Linux and Windows only")
    return ctypes.CDLL(str(found[0].locate()))


def compile_to_cubin(text, architecture, *options):
    """Machine code of a module, and the resources of each kernel; fails the test with the compiler's words."""
    nvrtc, program, size = library(), ctypes.c_void_p(), ctypes.c_size_t()
    _call(nvrtc.nvrtcCreateProgram, ctypes.byref(program), text.encode(), b"module.cu", 0, None, None)
    try:
        given = [f"--gpu-architecture={architecture}", "--ptxas-options=-v", *OPTIONS, *QUIET, *options]
        words = (ctypes.c_char_p * len(given))(*(one.encode() for one in given))
        refused = nvrtc.nvrtcCompileProgram(program, len(given), words)
        _call(nvrtc.nvrtcGetProgramLogSize, program, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value)
        _call(nvrtc.nvrtcGetProgramLog, program, log)
        said = log.value.decode()
        assert not refused, said
        _call(nvrtc.nvrtcGetCUBINSize, program, ctypes.byref(size))
        cubin = ctypes.create_string_buffer(size.value)
        _call(nvrtc.nvrtcGetCUBIN, program, cubin)
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    found = KERNEL.findall(said)
    resources = {name: Resources(int(used), int(stack), int(spilled)) for name, stack, spilled, used in found}
    return cubin.raw, resources, said


def _call(function, *arguments):
    code = function(*arguments)
    assert code == 0, f"{function.__name__} gave {code}"
