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
from .variant import Variant


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

    def decode(self, features: ImageFeatures, prompts: Prompts) -> tuple[Tensor, Tensor]:
        """Single-mask output (slot 0) of SAM's mask decoder.

        features: one picture for all N prompts, or N pictures. segment_anything's own forward pairs every
        picture with every prompt; here row i of the prompts meets row i of the pictures.
        Returns low-resolution logits (N, 1, 4h, 4w) and the predicted IoU (N, 1).
        """
        decoder, count = self.mask_decoder, len(prompts.sparse)
        features = features.expand(count)
        embedding = features.embedding
        dense = self.prompt_encoder.no_mask_embed.weight.to(embedding.dtype).reshape(1, -1, 1, 1)
        if prompts.dense is not None:
            dense = dense + prompts.dense
        source = embedding + dense
        position = self.prompt_encoder.get_dense_pe().to(source.dtype).expand(count, -1, -1, -1)
        output_tokens = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight])
        output_tokens = output_tokens.expand(count, -1, -1).to(prompts.sparse.dtype)
        hidden, source = decoder.transformer(
            source, position, torch.cat([output_tokens, prompts.sparse], dim=1)
        )
        upscaled = self._upscale(source.transpose(1, 2).reshape(embedding.shape), features)
        weights = decoder.output_hypernetworks_mlps[0](hidden[:, 1])
        logits = (weights[:, None] @ upscaled.flatten(2)).reshape(count, 1, *upscaled.shape[2:])
        return logits, decoder.iou_prediction_head(hidden[:, 0])[:, :1]

    def _upscale(self, source: Tensor, features: ImageFeatures) -> Tensor:
        """(N, C, h, w) -> (N, C/8, 4h, 4w); finer maps join after each step where a variant has them."""
        steps = self.mask_decoder.output_upscaling
        if not features.high_res:
            return steps(source)
        up1, norm1, act1, up2, act2 = steps
        fine8, fine4 = features.high_res
        x = up1(source) + fine8
        # The same layer norm over channels as segment_anything's LayerNorm2d, in one fused operation.
        x = F.layer_norm(x.permute(0, 2, 3, 1), norm1.weight.shape, norm1.weight, norm1.bias, norm1.eps)
        return act2(up2(act1(x.permute(0, 3, 1, 2))) + fine4)
