from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ssp_sam_ros.network import TokenizerFileError, build_tokenizer, load_variant
from ssp_sam_ros.network.tokenizer_file import ENVIRONMENT, find_tokenizer_file

from .conftest import small_siglip2

tokenizers = pytest.importorskip("tokenizers", reason="needs the extra siglip2 (package tokenizers)")

NAME = "small_tokenizer.json"
PIECES = ["<pad>", "<eos>", "<bos>", "<unk>", "red", "mug", "the", ".", "left"]


def write_file(folder: Path, pieces: list[str] = PIECES) -> Path:
    """A real `tokenizer.json` of whole words that adds <bos> and <eos> by itself, truncates and pads."""
    model = tokenizers.models.WordLevel({piece: i for i, piece in enumerate(pieces)}, unk_token="<unk>")
    made = tokenizers.Tokenizer(model)
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    if "<eos>" in pieces:
        made.post_processor = tokenizers.processors.TemplateProcessing(
            single="<bos> $A <eos>", special_tokens=[("<bos>", 2), ("<eos>", 1)]
        )
    made.enable_padding(length=30)
    made.enable_truncation(20)
    path = folder / NAME
    made.save(str(path))
    return path


@pytest.fixture(autouse=True)
def no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)


def test_text_then_end_then_zeros(tmp_path: Path) -> None:
    write_file(tmp_path)
    encoding = build_tokenizer(small_siglip2(), [tmp_path])("  The Red MUG")
    assert encoding.text == "the red mug."
    np.testing.assert_array_equal(encoding.ids, [6, 4, 5, 7, 1, 0, 0, 0])
    assert encoding.ids.dtype == np.int64 and not encoding.truncated and not encoding.unknown_words


def test_too_long_is_cut_and_keeps_the_end(tmp_path: Path) -> None:
    write_file(tmp_path)
    tokenizer = build_tokenizer(small_siglip2(), [tmp_path])
    exact, long = tokenizer("the red mug left the red"), tokenizer("the red mug left the red mug")
    assert not exact.truncated and exact.ids[-2:].tolist() == [7, 1]
    assert long.truncated and long.ids[-2:].tolist() == [5, 1]


def test_only_text_is_taken(tmp_path: Path) -> None:
    write_file(tmp_path)
    with pytest.raises(TypeError, match="not int"):
        build_tokenizer(small_siglip2(), [tmp_path])(5)


def test_given_folders_come_before_those_of_the_environment(tmp_path: Path, monkeypatch) -> None:
    for name in ("given", "named"):
        (tmp_path / name).mkdir()
        write_file(tmp_path / name)
    monkeypatch.setenv(ENVIRONMENT, f"{tmp_path / 'absent'}:{tmp_path / 'named'}")
    assert find_tokenizer_file(NAME).parent.name == "named"
    assert find_tokenizer_file(NAME, [tmp_path / "given"]).parent.name == "given"


def test_a_missing_file_says_which_one_goes_where(tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(TokenizerFileError, match=r"siglip2_tokenizer\.json is missing.*SSP_SAM_WEIGHTS"):
        build_tokenizer(load_variant("ssp_sam_224_siglip2"))
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    with pytest.raises(TokenizerFileError, match=f"looked in {tmp_path}"):
        find_tokenizer_file(NAME)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"{}", "is not a tokenizer.json"), (b"\xff\xfe\x00", "is not a tokenizer.json"), (b"", "is not a")],
)
def test_a_broken_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(TokenizerFileError, match=f"{NAME} {message}"):
        build_tokenizer(small_siglip2(), [tmp_path])


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        (["<pad>", "red", "<unk>"], "no piece '<eos>'"),
        ([*PIECES, *(f"word{i}" for i in range(50))], "ids up to 58, variant small_siglip2 has 50 rows"),
    ],
)
def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path, pieces: list[str], message: str) -> None:
    write_file(tmp_path, pieces)
    with pytest.raises(TokenizerFileError, match=message):
        build_tokenizer(small_siglip2(), [tmp_path])
