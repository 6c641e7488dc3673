"""JSON files, whole or by lines, with errors that name the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
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


def iterate_json_list(path: Path) -> Iterator[Any]:
    """The elements of a file that is one JSON list, one at a time: Visual Genome's would fill the memory.

    Raises as `load_json`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing; put the set's files there") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8 text ({error})") from error
    decoder = json.JSONDecoder()
    place = _skip(text, 0)
    if text[place : place + 1] != "[":
        raise DatasetError(f"{path} is not a JSON list")
    place = _skip(text, place + 1)
    while text[place : place + 1] != "]":
        try:
            element, place = decoder.raw_decode(text, place)
        except ValueError as error:
            raise DatasetError(f"{path} is not whole JSON ({error}); fetch it again") from error
        yield element
        place = _skip(text, place)
        if text[place : place + 1] == ",":
            place = _skip(text, place + 1)
        elif text[place : place + 1] != "]":
            raise DatasetError(f"{path} is not whole JSON (character {place}); fetch it again")


def _skip(text: str, place: int) -> int:
    while text[place : place + 1] in (" ", "\n", "\r", "\t"):
        place += 1
    return place


@contextmanager
def reading(path: Path, entry: object) -> Iterator[None]:
    """Turn whatever a misshapen entry raises into a DatasetError that names file and entry."""
    try:
        yield
    except DatasetError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise DatasetError(f"{path}, {entry}: {type(error).__name__} {error}") from error
