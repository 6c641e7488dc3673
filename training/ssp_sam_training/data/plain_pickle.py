"""Pickles as data: an unpickler that can build plain containers and scalars and nothing else.

The benchmarks publish their expressions as ``refs(*).p``. A pickle is a program that may call anything
importable, so the stock unpickler would run code from a downloaded file. Lists, tuples, dicts, strings and
numbers need no import at all; everything that does is refused here by name.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

# Up to protocol 3, pickles import the set types by name. Python 2 called their module __builtin__.
_ALLOWED: dict[tuple[str, str], type] = {
    (module, kind.__name__): kind for module in ("builtins", "__builtin__") for kind in (set, frozenset)
}

# What the stock unpickler raises on bytes that are no pickle, or part of one.
_DAMAGE = (pickle.UnpicklingError, EOFError, IndexError, KeyError, ValueError, TypeError, AttributeError)


class UnsafePickleError(ValueError):
    """The pickle asks for a class or function, so it is not plain data."""


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> type:
        try:
            return _ALLOWED[module_name, global_name]
        except KeyError:
            raise UnsafePickleError(
                f"it asks for {module_name}.{global_name}; only lists, tuples, dicts, sets, text, bytes and "
                "numbers are read from a pickle"
            ) from None


def _loads(content: bytes, encoding: str) -> Any:
    return _PlainUnpickler(io.BytesIO(content), encoding=encoding).load()


def load_plain_pickle(path: str | Path) -> Any:
    """Read a pickle that holds plain containers and scalars, written by Python 2 or 3.

    Python 2 byte strings become text: UTF-8, or Latin-1 where they are not valid UTF-8.

    Raises:
        UnsafePickleError: the file asks for anything that would have to be imported.
        ValueError: the file is not a whole pickle.
    """
    content = Path(path).read_bytes()
    try:
        try:
            return _loads(content, "utf-8")
        except UnicodeDecodeError:
            return _loads(content, "latin-1")
    except UnsafePickleError as error:
        raise UnsafePickleError(f"{path} is not plain data: {error}. Get it from its source.") from None
    except _DAMAGE as error:
        raise ValueError(f"{path} is not a whole pickle ({error}). Download it again.") from error
