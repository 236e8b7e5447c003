"""Files that tell how to measure and what things cost."""

import os
from typing import TypeVar

import msgspec

from voxport.errors import SettingsError
from voxport.settings import read_yaml

Kind = TypeVar("Kind", bound=msgspec.Struct)


def read_as(path: str | os.PathLike[str], kind: type[Kind]) -> Kind:
    """A YAML file as ``kind``. Raises ``SettingsError`` when it is missing, is no YAML or does not fit."""
    try:
        return msgspec.convert(read_yaml(path), kind)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{os.fspath(path)}: {error}") from None
