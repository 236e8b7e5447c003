"""Which YAML file counts when none is named."""

from pathlib import Path

import voxport

PACKAGED = "voxport.yaml"


def packaged(name: str = PACKAGED) -> Path:
    """A file of ``config/``: inside the installed package, or beside the sources of an editable install."""
    package = Path(voxport.__file__).parent
    installed = package / "config" / name
    return installed if installed.exists() else package.parents[1] / "config" / name


def config_file(named: Path | None, name: str = PACKAGED) -> Path:
    """The file that was named; else ``name`` in the working directory, if it is there; else the packaged one."""
    if named is not None:
        return named
    own = Path(name)
    return own if own.is_file() else packaged(name)
