"""Where weights files are looked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

ENVIRONMENT = "SSP_SAM_WEIGHTS"


def weights_folders(first: Iterable[str | Path] = ()) -> tuple[Path, ...]:
    """Folders to look in, in this order, whether they exist or not; downloads go to the first.

    Those of `first`; those of the environment's SSP_SAM_WEIGHTS, separated like PATH; `ssp_sam_ros/weights`
    in the user's data folder (XDG_DATA_HOME, else ~/.local/share).
    """
    folders = [Path(folder).expanduser() for folder in first]
    named = os.environ.get(ENVIRONMENT, "")
    folders += [Path(folder).expanduser() for folder in named.split(os.pathsep) if folder]
    if (data := _user_data_folder()) is not None:
        folders.append(data / "ssp_sam_ros" / "weights")
    return tuple(dict.fromkeys(folder.absolute() for folder in folders))


def find_file(name: str, folders: Sequence[Path]) -> Path | None:
    """The first file of that name in `folders`."""
    return next((path for folder in folders if (path := folder / name).is_file()), None)


def _user_data_folder() -> Path | None:
    given = os.environ.get("XDG_DATA_HOME", "")
    if os.path.isabs(given):  # a relative one is to be ignored, the XDG base directory specification says
        return Path(given)
    try:
        return Path.home() / ".local" / "share"
    except RuntimeError:  # a user without a home, as in some containers
        return None
