"""SAM's image encoder on its own: what turns pictures into the embeddings that are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ssp_sam_ros.network import SSPSAM, Variant, load_variant
from ssp_sam_ros.perception.precision import arithmetic, choose_device, choose_precision, store_products
from ssp_sam_ros.perception.preprocessing import sam_input
from ssp_sam_ros.weights import load_network, parameter_digest
from ssp_sam_ros.weights.folders import weights_folders
from ssp_sam_ros.weights.initialisation import build_unfilled
from ssp_sam_ros.weights.parts import SAM, layout_of_variant, part_files, read_part
from ssp_sam_ros.weights.published import published_parts

from .layout import StoreError, StoreInfo

_PREFIX = "sam.image_encoder."


def embedding_shape(variant: Variant) -> tuple[int, int, int]:
    """(C, h, w) of a picture's embedding."""
    return (variant.sam.dim, *variant.sam.grid)


def encoder_digest(network: SSPSAM) -> str:
    """SHA-256 over the image encoder's parameters (as float32) and over what its input looks like.

    Two networks with the same digest make the same embedding of a picture, but for rounding.
    """
    state = {n: t for n, t in network.state_dict().items() if n.startswith(_PREFIX)}
    sizes = network.variant.sam
    encoder = sizes.encoder
    shape = [*sizes.image_size, sizes.patch_size, encoder.kind, encoder.heads, encoder.window]
    rules = json.dumps([*shape, list(encoder.global_attention), list(sizes.mean), list(sizes.std)])
    return hashlib.sha256(f"{parameter_digest(state)} {rules}".encode()).hexdigest()


class SamEncoder:
    """Pictures to embeddings, as the network makes them itself (network.md, SAM image)."""

    def __init__(self, network: SSPSAM, dtype: str = "auto") -> None:
        """Wrap a network on its device, in evaluation mode.

        Raises:
            StoreError: the variant's image encoder is a trunk that CLIP's tower shares.
            ValueError: unknown `dtype`.
        """
        variant = network.variant
        if variant.shared_trunk:
            raise StoreError(
                f"{variant.name} has one trunk for both image encoders, which is trained with the rest: "
                "nothing to keep. Embeddings are for variants with SAM's own encoder, such as ssp_sam_336"
            )
        self.network, self.variant = network, variant
        self.precision = choose_precision(dtype, network.device)
        self.info = StoreInfo(
            variant.name,
            encoder_digest(network),
            str(self.precision).removeprefix("torch."),
            embedding_shape(variant),
        )
        store_products(network, self.precision)

    @classmethod
    def load(
        cls, variant: str | Path, weights: str | None = None, device: str = "auto", dtype: str = "auto"
    ) -> SamEncoder:
        """The encoder of a variant.

        Args:
            variant: its name, or the path of its JSON file.
            weights: None for SAM's published file in a weights folder, else what `load_network` takes.
            device, dtype: as `Segmenter.load`.

        Raises:
            ValueError: weights, variant, device or dtype cannot be used; the text says why.
        """
        sizes, where = load_variant(variant), choose_device(device)
        names = [file.name for file in published_parts(sizes).get(SAM.key, ())]
        files = part_files(names, weights_folders()) if weights is None else []
        if not files:
            return cls(load_network(sizes, weights, where)[0], dtype)
        network = build_unfilled(sizes)  # CLIP stays empty, nothing asks for it
        tensors = read_part(files[0], SAM, layout_of_variant(sizes))
        network.load_state_dict(tensors, strict=False)  # read_part is strict about SAM's
        return cls(network.eval().to(where), dtype)

    def prepare(self, picture: NDArray[np.uint8]) -> Tensor:
        """(3, *sam_size) float32 of a picture, uint8 RGB (H, W, 3)."""
        v = self.variant
        return sam_input(picture, v.sam_size, v.sam_mean, v.sam_std)[0][0]

    @torch.inference_mode()
    def encode(self, inputs: Sequence[Tensor]) -> NDArray[np.float16]:
        """(B, C, h, w) float16 of B prepared pictures."""
        device = self.network.device
        batch = torch.stack(list(inputs)).to(device, non_blocking=True)
        with arithmetic(device, self.precision):
            embeddings = self.network.encode_sam_image(batch)
        return embeddings.to(torch.float16).cpu().numpy()
