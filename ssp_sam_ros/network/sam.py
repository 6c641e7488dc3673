"""SAM's parts from segment_anything, and decoding of many prompts over one or many pictures."""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import compat  # noqa: F401  (must come before segment_anything imports torchvision)
from .features import ImageFeatures, Prompts
from .sam_encoder import ViTEncoder
from .trunk import TrunkEncoder
from .two_way import two_way
from .variant import Variant

LARGEST_TENSOR = 2**25
"""Bytes of one tensor in a batch on a CPU: larger ones get fresh pages from the system on every call."""


def _rows_at_once(features: ImageFeatures) -> int:
    """How many prompts to decode together on a picture's features."""
    if features.embedding.device.type != "cpu":
        return 2**31
    # Upscaled: an eighth of the channels, 16 times the cells, float32; or a sixteenth, 64 times.
    times = 4 if len(features.high_res) > 2 else 2
    largest = features.embedding[0].numel() * times * 4
    return max(1, (LARGEST_TENSOR - 1) // largest)


class Sam(nn.Module):
    """Image encoder, prompt encoder and mask decoder under the names of SAM's own checkpoints."""

    def __init__(self, variant: Variant, with_image_encoder: bool = True) -> None:
        super().__init__()
        from segment_anything.modeling import MaskDecoder, PromptEncoder, TwoWayTransformer

        sam, encoder = variant.sam, variant.sam.encoder
        if not with_image_encoder:
            pass
        elif encoder.kind == "trunk":
            self.image_encoder: nn.Module = TrunkEncoder(variant)
        else:
            self.image_encoder = ViTEncoder(
                depth=encoder.depth,
                embed_dim=encoder.width,
                img_size=sam.image_size[0],
                mlp_ratio=4,
                norm_layer=partial(nn.LayerNorm, eps=1e-6),
                num_heads=encoder.heads,
                patch_size=sam.patch_size,
                qkv_bias=True,
                use_rel_pos=True,
                global_attn_indexes=encoder.global_attention,
                window_size=encoder.window,
                out_chans=sam.dim,
            )
        self.prompt_encoder = PromptEncoder(
            embed_dim=sam.dim,
            image_embedding_size=sam.grid,
            input_image_size=sam.image_size,
            mask_in_chans=16,
        )
        self.mask_decoder = MaskDecoder(
            num_multimask_outputs=3,
            transformer=TwoWayTransformer(
                depth=sam.decoder_depth,
                embedding_dim=sam.dim,
                mlp_dim=sam.decoder_feed_forward,
                num_heads=sam.decoder_heads,
            ),
            transformer_dim=sam.dim,
            iou_head_depth=3,
            iou_head_hidden_dim=sam.iou_hidden,
        )
        self.fine_mask = FineMask(sam.dim) if variant.extensions.fine_mask else None

    def decode(self, features: ImageFeatures, prompts: Prompts) -> tuple[Tensor, Tensor]:
        """Single-mask output (slot 0) of SAM's mask decoder.

        features: one picture for all N prompts, or N pictures. segment_anything's own forward pairs every
        picture with every prompt; here row i of the prompts meets row i of the pictures.
        Returns low-resolution logits (N, 1, 4h, 4w), or (N, 1, 8h, 8w) with fine_mask, and the predicted IoU
        (N, 1).
        """
        count = len(prompts)
        if len(features) > 1:
            features = features.expand(count)  # raises unless it is one for each
        position = self.prompt_encoder.get_dense_pe()
        step = _rows_at_once(features)
        if count <= step:
            return self._decode_together(features, prompts, position)
        parts = []
        for first in range(0, count, step):
            rows = slice(first, first + step)
            pictures = features.rows(rows) if len(features) > 1 else features
            parts.append(self._decode_together(pictures, prompts.rows(rows), position))
        logits, quality = zip(*parts, strict=True)
        return torch.cat(logits), torch.cat(quality)

    def _decode_together(
        self, features: ImageFeatures, prompts: Prompts, position: Tensor
    ) -> tuple[Tensor, Tensor]:
        """`decode` in one batch; position: the picture's position code, (1, C, h, w)."""
        decoder, count = self.mask_decoder, len(prompts)
        embedding = features.embedding
        dense = self.prompt_encoder.no_mask_embed.weight.to(embedding.dtype).reshape(1, -1, 1, 1)
        if prompts.dense is not None:
            dense = dense + prompts.dense
        source = embedding + dense
        position = position.to(source.dtype)
        output_tokens = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight])
        output_tokens = output_tokens.expand(count, -1, -1).to(prompts.sparse.dtype)
        tokens = torch.cat([output_tokens, prompts.sparse], dim=1)
        hidden, source = two_way(decoder.transformer, source, position, tokens)
        upscaled = self._upscale(source.transpose(1, 2).unflatten(2, embedding.shape[2:]), features)
        weights = decoder.output_hypernetworks_mlps[0](hidden[:, 1])
        logits = (weights[:, None] @ upscaled.flatten(2)).reshape(count, 1, *upscaled.shape[2:])
        if self.fine_mask is not None:
            logits = self.fine_mask(logits, upscaled, hidden[:, 1], features.high_res[2])
        return logits, decoder.iou_prediction_head(hidden[:, 0])[:, :1]

    def _upscale(self, source: Tensor, features: ImageFeatures) -> Tensor:
        """(N, C, h, w) -> (N, C/8, 4h, 4w); finer maps join after each step where a variant has them."""
        up1, norm1, act1, up2, act2 = self.mask_decoder.output_upscaling
        x = up1(source)
        if features.high_res:
            x = x + features.high_res[0]
        # The same layer norm over channels as segment_anything's LayerNorm2d, in one fused operation.
        x = F.layer_norm(x.permute(0, 2, 3, 1), norm1.weight.shape, norm1.weight, norm1.bias, norm1.eps)
        x = up2(act1(x.permute(0, 3, 1, 2)))
        return act2(x + features.high_res[1] if features.high_res else x)


class FineMask(nn.Module):
    """Mask logits at twice the resolution: the coarser ones, and what a third upscaling step adds to them.

    Trained networks without it can take it on: it adds nothing before its first step of training.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(dim // 8, dim // 16, kernel_size=2, stride=2)
        self.weights = nn.Linear(dim, dim // 16)  # as SAM's hypernetworks: from the mask token
        nn.init.zeros_(self.weights.weight)
        nn.init.zeros_(self.weights.bias)

    def forward(self, logits: Tensor, upscaled: Tensor, token: Tensor, fine: Tensor) -> Tensor:
        """Finer logits, (N, 1, 8h, 8w).

        logits: (N, 1, 4h, 4w); upscaled: (N, C/8, 4h, 4w); token: (N, C); fine: (N or 1, C/16, 8h, 8w).
        """
        x = F.gelu(self.up(upscaled) + fine)
        added = (self.weights(token)[:, None] @ x.flatten(2)).reshape(len(x), 1, *x.shape[2:])
        return F.interpolate(logits, scale_factor=2, mode="bilinear", align_corners=False) + added
