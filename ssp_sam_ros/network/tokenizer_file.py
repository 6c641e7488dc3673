"""Tokenizers that come as a file beside the weights: SigLIP 2's.

The file is Hugging Face's `tokenizer.json`; the package `tokenizers` reads it. Nothing is downloaded: where
the file is missing, the error says which one goes where.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .tokenizer import PADDING, Encoding, template
from .variant import Variant

ENVIRONMENT = "SSP_SAM_WEIGHTS"
"""Environment variable naming the folders that hold weights and tokenizer files, separated like PATH."""

_END = "<eos>"


class TokenizerFileError(ValueError):
    """A tokenizer file that is missing or unusable; the text is one line that says what to do."""


def find_tokenizer_file(name: str, folders: Sequence[Path] = ()) -> Path:
    """The file `name` in the first folder that has it: of `folders`, then of the environment's
    SSP_SAM_WEIGHTS.

    Raises:
        TokenizerFileError: if none has it.
    """
    named = [
        Path(folder).expanduser() for folder in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if folder
    ]
    places = list(dict.fromkeys([*folders, *named]))
    for folder in places:
        if (folder / name).is_file():
            return folder / name
    where = " or ".join(map(str, places)) or f"no folder, as {ENVIRONMENT} is not set"
    raise TokenizerFileError(
        f"tokenizer file {name} is missing (looked in {where}): name a folder in {ENVIRONMENT} and put the "
        "model's tokenizer.json there under that name; SigLIP 2's is on Hugging Face in "
        "google/siglip2-base-patch16-224"
    )


class FileTokenizer:
    """A `tokenizer.json`: expression -> Encoding.

    As the authors' release reads sentences for SigLIP 2: the templated text's pieces, then the end piece,
    cut to the context with the end kept, filled up with id 0. No start piece.
    """

    def __init__(self, variant: Variant, path: Path) -> None:
        """Read the file.

        Raises:
            TokenizerFileError: if the package `tokenizers` is missing, or the file is broken, has no end
            piece,
                or pads with another id than 0, or has more pieces than the variant's table has rows.
        """
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise TokenizerFileError(
                f"variant {variant.name} reads sentences with {path}, which needs the package 'tokenizers': "
                "in the checkout: pip install -c constraints.txt -e '.[siglip2]'"
            ) from error
        self.context = variant.text.context
        try:
            self._pieces = Tokenizer.from_str(path.read_text(encoding="utf-8"))
        except Exception as error:  # the package raises bare Exceptions for what it cannot read
            raise TokenizerFileError(f"{path} is not a tokenizer.json: {error}") from error
        self._pieces.no_padding()
        self._pieces.no_truncation()
        rows, end = variant.text.tokenizer_pieces or 0, self._pieces.token_to_id(_END)
        if end is None:
            raise TokenizerFileError(f"{path} has no piece '{_END}': it is not the tokenizer of this variant")
        largest = max(self._pieces.get_vocab().values())
        if largest >= rows:
            raise TokenizerFileError(
                f"{path} has ids up to {largest}, variant {variant.name} has {rows} rows for them: "
                "it is not the tokenizer of this variant"
            )
        self.end = int(end)

    def __call__(self, expression: str) -> Encoding:
        """Encode one expression. Raises TypeError if it is not text."""
        text = template(expression)
        pieces = self._pieces.encode(text, add_special_tokens=False).ids
        truncated = len(pieces) + 1 > self.context
        ids = [*pieces[: self.context - 1], self.end]
        row = np.full(self.context, PADDING, np.int64)
        row[: len(ids)] = ids
        return Encoding(row, text, truncated)
