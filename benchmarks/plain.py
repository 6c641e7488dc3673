"""The network's stages one by one: as this package runs them and the plain way, and their operations.

The plain way is what one would write first: segment_anything's own image encoder and mask decoder, torch's
own attention modules, one expression at a time.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from ssp_sam_ros.network import SSPSAM, Variant

NOUNS = ("mug", "bowl", "bottle", "can", "plate", "box", "ball", "banana")
SENTENCES = [f"the {colour} {noun}" for noun in NOUNS for colour in ("red", "green", "blue", "yellow")]
PICTURE = ("SAM image encoder", "CLIP image tower")
ANSWER = ("text tower", "prompt encoder", "mask decoder")
Stages = dict[str, Callable[[], Any]]


class Workload:
    """A picture of the recorded clip and any number of expressions, for one network."""

    def __init__(self, network: SSPSAM) -> None:
        from ssp_sam_ros.perception.preprocessing import clip_input, sam_input
        from ssp_sam_ros.sim.clip import load_clip

        self.network, v = network, network.variant
        picture = np.ascontiguousarray(load_clip().image(0))
        self.sam = sam_input(picture, v.sam_size, v.sam_mean, v.sam_std)[0].to(network.device)
        clip = clip_input(picture, v.clip_size, v.clip_mean, v.clip_std)[0].to(network.device)
        self.clip = None if v.shared_trunk else clip
        self.features = network.encode_image(self.clip, self.sam)

    def ids(self, count: int) -> Tensor:
        """Token ids, (count, context): "the red ball" and so on; random ones without a tokenizer's file."""
        import torch

        from ssp_sam_ros.network import TokenizerFileError, build_tokenizer
        from ssp_sam_ros.network.tokenizer import vocabulary_size

        variant = self.network.variant
        try:
            tokenizer = build_tokenizer(variant)
        except TokenizerFileError:
            draw = torch.Generator().manual_seed(0)
            ids = torch.randint(1, vocabulary_size(variant), (count, variant.text.context), generator=draw)
        else:
            sentences = itertools.islice(itertools.cycle(SENTENCES), count)
            ids = torch.from_numpy(np.stack([tokenizer(sentence).ids for sentence in sentences]))
        return ids.to(self.network.device)

    def picture_stages(self) -> Stages:
        """Both image encoders, one by one."""
        from ssp_sam_ros.network.backbone import visual_tokens

        network = self.network
        clip = network.sam.image_encoder(self.sam)[0] if self.clip is None else self.clip
        return {
            "SAM image encoder": lambda: network.sam.image_encoder(self.sam),
            "CLIP image tower": lambda: visual_tokens(network.encoder, network.variant, clip),
        }

    def answer_stages(self, count: int) -> Stages:
        """What `count` expressions on the picture take, in one batch."""
        network, ids = self.network, self.ids(count)
        text = network.encode_text(ids)
        prompts = network.prompt(self.features.visual, text)
        return {
            "text tower": lambda: network.encode_text(ids),
            "prompt encoder": lambda: network.prompt(self.features.visual, text),
            "mask decoder": lambda: network.decode(self.features, prompts)[0],
        }

    def plain_stages(self) -> Stages:
        """All of them for one expression, through the modules' own forward passes."""
        from segment_anything.modeling import ImageEncoderViT

        sam, on = self.network.sam, self.network.variant.extensions
        ours = self.picture_stages() | self.answer_stages(1)
        stages = {name: with_torchs_attention(stage) for name, stage in ours.items()}
        if self.clip is not None:
            stages["SAM image encoder"] = lambda: ImageEncoderViT.forward(sam.image_encoder, self.sam)
        if on.dense_prompt or on.high_res or on.presence:  # segment_anything's decoder has none of these
            return stages
        prompts = ours["prompt encoder"]()
        stages["mask decoder"] = lambda: sam.mask_decoder(
            image_embeddings=self.features.embedding,
            image_pe=sam.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=prompts.sparse,
            dense_prompt_embeddings=sam.prompt_encoder(None, None, None)[1],
            multimask_output=False,
        )[0]
        return stages


def with_torchs_attention(stage: Callable[[], Any]) -> Callable[[], Any]:
    """The stage with every self-attention through the forward pass of `nn.MultiheadAttention`."""

    def attention(module: Any, qk: Any, value: Any, bias: Any = None) -> Any:
        return module(qk, qk, value, attn_mask=bias, need_weights=False)[0]

    def call() -> Any:
        with ExitStack() as patched:
            for place in ("clip", "layers"):
                patched.enter_context(mock.patch(f"ssp_sam_ros.network.{place}.self_attention", attention))
            return stage()

    return call


def gigaflop(variant: Variant) -> dict[str, float]:
    """Operations of each stage for one expression, counted on shapes; for SAM's encoder the plain way's."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from ssp_sam_ros.network import SSPSAM

    with torch.device("meta"):
        network = SSPSAM(variant).eval()
    work = Workload(network)
    # torch's fused modules are not counted, so that the others are counted as this package runs them.
    stages = work.picture_stages() | work.answer_stages(1)
    stages["SAM image encoder"] = work.plain_stages()["SAM image encoder"]
    counted = {}
    for name, call in stages.items():
        with FlopCounterMode(display=False) as counter:
            call()
        counted[name] = counter.get_total_flops() / 1e9
    return counted
