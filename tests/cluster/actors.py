"""Actors for tests; in a module of their own, for the actor's process imports it."""

import os
from pathlib import Path


class Sleeper:
    """An actor that answers nothing while it sleeps."""

    def pid(self) -> int:
        return os.getpid()

    def sleep(self, path: str) -> None:
        while not Path(path).exists():
            pass


class Stillborn:
    """An actor whose constructor fails."""

    def __init__(self) -> None:
        raise RuntimeError("no such luck")

    def pid(self) -> int:
        return os.getpid()
