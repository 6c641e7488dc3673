"""Pickles are read as data: nothing outside plain containers and scalars is built."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from ssp_sam_training.data import UnsafePickleError, load_plain_pickle

PLAIN = [
    {"ref_id": 1, "ann_id": [3, -1], "sentences": ({"sent": "a café", "x": 1.5, "none": None},), "s": {1, 2}}
]


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "refs(unc).p"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_of_every_protocol(tmp_path: Path, protocol: int) -> None:
    assert load_plain_pickle(write(tmp_path, pickle.dumps(PLAIN, protocol))) == PLAIN


@pytest.mark.parametrize(
    ("text", "expected"),
    [(b"caf\\xc3\\xa9", "café"), (b"caf\\xe9", "café"), (b"mug", "mug")],
    ids=["utf-8", "latin-1", "ascii"],
)
def test_byte_strings_of_python_2_become_text(tmp_path: Path, text: bytes, expected: str) -> None:
    # pickle.dumps([{'sent': '...'}]) of Python 2: byte strings are STRING opcodes, "S'...'\n".
    content = b"(lp0\n(dp1\nS'sent'\np2\nS'" + text + b"'\np3\nsa."
    assert load_plain_pickle(write(tmp_path, content)) == [{"sent": expected}]


class _Evil:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return Path.mkdir, (self.marker,)  # type: ignore[return-value]


def test_code_is_refused_and_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "made_by_the_pickle"
    path = write(tmp_path, pickle.dumps([{"sent": _Evil(marker)}]))
    with pytest.raises(UnsafePickleError, match=r"refs\(unc\)\.p is not plain data: it asks for "):
        load_plain_pickle(path)
    assert not marker.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"c__builtin__\ngetattr\n.",
        b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.",
        pickle.dumps(np.float32(1)),
        pickle.dumps(OrderedDict(a=1)),
    ],
)
def test_every_other_import_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnsafePickleError):
        load_plain_pickle(write(tmp_path, content))


@pytest.mark.parametrize("content", [b"", b"not a pickle", pickle.dumps(PLAIN)[:-20]])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"refs\(unc\)\.p is not a whole pickle"):
        load_plain_pickle(write(tmp_path, content))
