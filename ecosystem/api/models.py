"""What clients send to the API."""

from typing import Annotated

from pydantic import Field

from ecosystem.settings import NAME_PATTERN, ChainSettings


class NewChain(ChainSettings):
    """A chain to be created: its name, and every setting that is not to have its default."""

    name: Annotated[str, Field(pattern=NAME_PATTERN, examples=["gamma"])]

    def settings(self) -> ChainSettings:
        """The settings without the name."""
        return ChainSettings.model_validate({key: getattr(self, key) for key in ChainSettings.model_fields})
