"""What the attention adapter looks at for one sentence: the paper's Fig. 8 and 9, for a gallery.

Nothing of this is computed in an evaluation: the few sentences of a gallery are asked once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ssp_sam_ros.network.tokenizer import PADDING, ClipTokenizer, Tokenizer
from ssp_sam_ros.perception.expressions import read_expression
from ssp_sam_ros.perception.geometry import Geometry
from ssp_sam_ros.perception.segmenter import Segmenter


@dataclass(frozen=True)
class Attention:
    """Attention over one picture and sentence.

    Attributes:
        visual: (h, w) float32 in 0..1, the gate of Eq. 4 over the part of CLIP's input that shows the
            picture, min-max scaled over its patches; at the picture's aspect.
        words: the sentence's words with their phrase attention (Eq. 7); with what falls on the start and end
            tokens and the full stop, which are left out here, it sums to 1.
    """

    visual: NDArray[np.float32]
    words: tuple[tuple[str, float], ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; the map in hundredths."""
        return {
            "visual": np.round(100 * self.visual).astype(int).tolist(),
            "words": [[word, round(weight, 4)] for word, weight in self.words],
        }

    @staticmethod
    def from_plain(plain: dict[str, Any]) -> Attention:
        """The opposite of `as_dict`, to its precision."""
        return Attention(
            np.array(plain["visual"], np.float32) / np.float32(100),
            tuple((str(word), float(weight)) for word, weight in plain["words"]),
        )


@torch.inference_mode()
def attention_of(
    segmenter: Segmenter, tokenizer: Tokenizer, image: NDArray[np.uint8], sentence: str
) -> Attention | None:
    """Attention of one sentence about a picture; None where the sentence cannot be read."""
    reading = read_expression(sentence, tokenizer)
    if reading.refusal:
        return None
    inference = segmenter.inference
    picture = inference.encode_picture(image)
    prompts = inference.prompt(picture, inference.encode_text(reading.ids[None]))
    if prompts.visual_attention is None:
        return None
    rows, columns = segmenter.variant.clip.grid
    gate = prompts.visual_attention[0].float().cpu().numpy().reshape(rows, columns)
    return Attention(
        visual=picture_part(gate, picture.clip),
        words=word_weights(tokenizer, sentence, prompts.phrase_attention[0].float().cpu().numpy()),
    )


def picture_part(patches: NDArray[np.float32], place: Geometry, cells: int = 48) -> NDArray[np.float32]:
    """A map over the patches of a padded input -> over the picture alone, scaled to 0..1.

    Args:
        patches: (rows, columns).
        place: where the picture lies in the input.
        cells: long side of the result.
    """
    height, width = place.input_size
    rows, columns = patches.shape
    left, top = place.left * columns / width, place.top * rows / height
    right = (place.left + place.resized_size[1]) * columns / width
    bottom = (place.top + place.resized_size[0]) * rows / height
    scale = cells / max(place.image_size)
    size = max(1, round(place.image_size[1] * scale)), max(1, round(place.image_size[0] * scale))
    cut = Image.fromarray(patches.astype(np.float32)).resize(
        size, Image.Resampling.BILINEAR, box=(left, top, right, bottom)
    )
    values = np.asarray(cut, np.float32)
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


def word_weights(
    tokenizer: Tokenizer, sentence: str, weights: NDArray[np.float32]
) -> tuple[tuple[str, float], ...]:
    """Phrase attention by word of the sentence, in order: the sum over the word's pieces.

    How many pieces a word has is what the tokenizer makes of it alone. Where these do not add up to the
    sentence's (a tokenizer that reads across words), there are no words; words cut off have 0.
    """
    words = sentence.split()
    around = _length(tokenizer("").ids)
    counts = [_length(tokenizer(word).ids) - around for word in words]
    encoding = tokenizer(sentence)
    if not encoding.truncated and sum(counts) + around != _length(encoding.ids):
        return ()
    start = 1 if isinstance(tokenizer, ClipTokenizer) else 0  # only CLIP's begins with a token of its own
    ends = (start + np.cumsum(counts)).tolist()
    return tuple(
        (word, float(weights[end - count : end].sum()))
        for word, end, count in zip(words, ends, counts, strict=True)
    )


def _length(ids: NDArray[np.int64]) -> int:
    """Tokens before the padding."""
    return int(np.flatnonzero(ids != PADDING)[-1]) + 1
