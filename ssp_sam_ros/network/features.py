"""What the network's stages hand to each other."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class ImageFeatures:
    """Everything computed from B pictures; all that is worth caching per picture.

    visual: (B, c+n, D) CLIP tokens after the visual projection, not normalised; c class tokens come first
        (`Variant.class_tokens`).
    embedding: (B, C, h, w) SAM's image embedding.
    high_res: () or two finer maps, (B, C/4, 2h, 2w) and (B, C/8, 4h, 4w), of variants with that extension; a
        third one, (B, C/16, 8h, 8w), with fine_mask.
    """

    visual: Tensor
    embedding: Tensor
    high_res: tuple[Tensor, ...] = ()

    def __len__(self) -> int:
        return self.visual.shape[0]

    def rows(self, index: Tensor | slice) -> ImageFeatures:
        """The pictures chosen by `index`, which may repeat (training: one row per expression)."""
        if isinstance(index, slice):
            return ImageFeatures(
                self.visual[index], self.embedding[index], tuple(m[index] for m in self.high_res)
            )
        # Unlike `visual[index]`, its gradient is summed in a fixed order, and in parallel.
        chosen = (m.index_select(0, index) for m in (self.visual, self.embedding, *self.high_res))
        return ImageFeatures(next(chosen), next(chosen), tuple(chosen))

    def expand(self, count: int) -> ImageFeatures:
        """`count` views of a single picture, without copying. Raises ValueError if there are several."""
        if len(self) == count:
            return self
        if len(self) != 1:
            raise ValueError(
                f"{len(self)} pictures for {count} expressions: give one picture or one per expression"
            )

        def grow(x: Tensor) -> Tensor:
            return x.expand(count, *x.shape[1:])

        return ImageFeatures(grow(self.visual), grow(self.embedding), tuple(grow(m) for m in self.high_res))

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors."""
        return sum(t.numel() * t.element_size() for t in (self.visual, self.embedding, *self.high_res))


@dataclass(frozen=True)
class TextFeatures:
    """CLIP's reading of N expressions, and what the attention adapter makes of it without a picture.

    ids: (N, context) int64 token ids. words: (N, context, W), F_w, the last layer norm's output.
    sentence: (N, D), the end token's projection, F_s before L2 normalisation.
    tokens: (N, context, dim), T, the projected words. phrase_attention: (N, context), psi of Eq. 7, and
        phrase: (N, dim), Eq. 8, both in float32. None until `SSPSAM.adapt_text` was asked.
    """

    ids: Tensor
    words: Tensor
    sentence: Tensor
    tokens: Tensor | None = None
    phrase_attention: Tensor | None = None
    phrase: Tensor | None = None

    def __len__(self) -> int:
        return self.ids.shape[0]

    def __getitem__(self, index: Tensor | slice | int) -> TextFeatures:
        if isinstance(index, int):
            index = slice(index, index + 1 or None)
        return self._map(lambda t: t[index])

    @staticmethod
    def cat(parts: Sequence[TextFeatures]) -> TextFeatures:
        """All rows of `parts`, in order; what one of them lacks is left out."""
        if len(parts) == 1:
            return parts[0]
        rows: list[Any] = [part._all() for part in parts]
        joined: list[Any] = [
            None if any(t is None for t in column) else torch.cat(column)
            for column in zip(*rows, strict=True)
        ]
        return TextFeatures(*joined)

    def clone(self) -> TextFeatures:
        """The same in memory of its own."""
        return self._map(Tensor.clone)

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors."""
        return sum(t.numel() * t.element_size() for t in self._all() if t is not None)

    def _map(self, change: Callable[[Tensor], Tensor]) -> TextFeatures:
        changed: list[Any] = [None if t is None else change(t) for t in self._all()]
        return TextFeatures(*changed)

    def _all(self) -> tuple[Tensor | None, ...]:
        return tuple(getattr(self, f.name) for f in dataclasses.fields(self))


@dataclass(frozen=True)
class Prompts:
    """What the semantic-spatial prompt encoder makes of N expressions.

    sparse: (N, Q, C) prompt tokens for SAM's mask decoder.
    boxes: (N, 4) cx, cy, w, h in 0..1 of CLIP's padded input.
    phrase_attention: (N, context), psi of Eq. 7. similarity: (N, n), S_c after min-max.
    visual_attention: (N, n), g, the gate of Eq. 4.
    dense: (N, C, h, w), presence: (N,) logit, patch_logits: (N, n), mentions: (N, R, n) logits of what fits
        each of `mentions.ROLES`; None without their extension.
    """

    sparse: Tensor
    boxes: Tensor
    phrase_attention: Tensor
    similarity: Tensor
    visual_attention: Tensor | None = None
    dense: Tensor | None = None
    presence: Tensor | None = None
    patch_logits: Tensor | None = None
    mentions: Tensor | None = None

    def __len__(self) -> int:
        return self.sparse.shape[0]

    def rows(self, index: slice) -> Prompts:
        """The prompts of some of the expressions."""
        some: dict[str, Any] = {}
        for f in dataclasses.fields(self):
            tensor = getattr(self, f.name)
            some[f.name] = None if tensor is None else tensor[index]
        return Prompts(**some)
