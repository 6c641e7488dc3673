"""JSON files, whole or by lines, with errors that name the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import DatasetError


def load_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        FileNotFoundError: it is not there.
        DatasetError: it is not whole.
    """
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing; put the set's files there") from None
    except ValueError as error:
        raise DatasetError(f"{path} is not whole JSON ({error}); fetch it again") from error


def load_json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """(line number from 1, content) of every line that is not empty; raises as `load_json`."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing; put the set's files there") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8 text ({error})") from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                raise DatasetError(f"{path}, line {number}: not JSON ({error})") from error
