"""SSP-SAM as one module: CLIP, the semantic-spatial prompt encoder and SAM (arXiv 2603.18086, Fig. 3)."""

from __future__ import annotations

import torch
from torch import Tensor

from .backbone import build_backbone, text_tokens, visual_tokens
from .extensions import apply_presence
from .features import ImageFeatures, Prompts, TextFeatures
from .prompt_encoder import SemanticSpatialPromptEncoder
from .sam import Sam
from .tokenizer import vocabulary_size
from .variant import Variant


class SSPSAM(SemanticSpatialPromptEncoder):
    """The whole network of a variant.

    The prompt encoder is inherited, not a child, because released checkpoints keep its tensors at the top
    level (`clip_proj.*`, `vl_transformer.*`), beside `encoder.*` (CLIP) and `sam.*`.

    with_sam_image_encoder False leaves SAM's image encoder out, for work on recorded embeddings.
    """

    def __init__(self, variant: Variant, with_sam_image_encoder: bool = True) -> None:
        super().__init__(variant)
        self.variant = variant
        self.encoder = build_backbone(variant, vocabulary_size(variant))
        self.sam = Sam(variant, with_sam_image_encoder)

    def encode_image(self, clip_image: Tensor | None, sam_image: Tensor) -> ImageFeatures:
        """Both encoders over B pictures.

        clip_image: (B, 3, *clip_size), or None where the trunk is shared; sam_image: (B, 3, *sam_size); both
        normalised and padded.
        """
        if self.variant.shared_trunk:
            f16, embedding, fine = self.sam.image_encoder(sam_image)
            return ImageFeatures(visual_tokens(self.encoder, self.variant, f16), embedding, fine)
        if clip_image is None:
            raise ValueError(f"variant {self.variant.name} has its own CLIP encoder: give clip_image")
        return ImageFeatures(self.encode_clip_image(clip_image), self.encode_sam_image(sam_image))

    def encode_clip_image(self, image: Tensor) -> Tensor:
        """(B, 3, *clip_size) -> (B, class_tokens + n, D), where CLIP reads a picture of its own."""
        return visual_tokens(self.encoder, self.variant, image)

    def encode_sam_image(self, image: Tensor) -> Tensor:
        """(B, 3, *sam_size) -> image embedding (B, C, h, w), for variants with SAM's own image encoder."""
        return self.sam.image_encoder(image)

    def encode_text(self, ids: Tensor) -> TextFeatures:
        """ids (N, context) int64, from the variant's tokenizer -> TextFeatures of N rows."""
        words, sentence = text_tokens(self.encoder, self.variant, ids)
        return TextFeatures(ids, words, sentence)

    def decode(self, features: ImageFeatures, prompts: Prompts) -> tuple[Tensor, Tensor]:
        """Low-resolution mask logits (N, 1, H/s, W/s) and predicted IoU (N, 1), both float32.

        s is the variant's `mask_stride`, H and W the size of SAM's input.

        features: one picture for all N prompts, or N pictures, row by row.
        """
        logits, iou = self.sam.decode(features, prompts)
        return apply_presence(logits.float(), prompts.presence), iou.float()

    def forward(
        self, clip_image: Tensor | None, sam_image: Tensor, ids: Tensor
    ) -> tuple[Tensor, Tensor, Prompts]:
        """Everything at once for B pictures with one expression each: logits, predicted IoU, prompts."""
        features = self.encode_image(clip_image, sam_image)
        prompts = self.prompt(features.visual, self.encode_text(ids))
        logits, iou = self.decode(features, prompts)
        return logits, iou, prompts

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.tf_scale.device
