"""Which YAML file counts when none is named."""

from pathlib import Path

import voxport

PACKAGED = "voxport.yaml"


def packaged(name: str = PACKAGED) -> Path:
    """A file of ``config/``: inside the installed package, or beside the sources of an editable install."""
    package = Path(voxport.__file__).parent
    installed = package / "config" / name
    return installed if installed.exists() else package.parents[1] / "config" / name


def config_file(named: Path | None) -> Path:
    """The file that was named; else ``voxport.yaml`` in the working directory, if there is one; else the packaged."""
    if named is not None:
        return named
    own = Path(PACKAGED)
    return own if own.is_file() else packaged()
