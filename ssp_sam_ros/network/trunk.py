"""A small convolutional image encoder for variants trained from scratch.

It stands where SAM's ViT stands, and its stride-16 features also replace the patch embedding of CLIP's image
tower: a patch-16 ViT learns shapes too slowly from a few thousand pictures, a convolutional trunk does not.
"""

from __future__ import annotations

import torch.nn.functional as F
from segment_anything.modeling.common import LayerNorm2d
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .variant import Variant


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut (arXiv 1512.03385), (B, C, h, w) -> (B, C, h, w)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = _conv(channels, channels)
        self.conv2 = _conv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        return F.relu(x + self.conv2(F.relu(self.conv1(x))), inplace=True)


class TrunkEncoder(nn.Module):
    """Trunk plus a neck like SAM's: features for CLIP, SAM's embedding, finer maps for its upscaling."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        sizes, dim = variant.sam.encoder, variant.sam.dim
        c4, c8, c16 = sizes.channels
        self.stem = nn.Sequential(_conv(3, c4 // 2, 2), nn.ReLU(True), _conv(c4 // 2, c4, 2), nn.ReLU(True))
        self.stage4 = nn.Sequential(*(ResidualBlock(c4) for _ in range(sizes.blocks[0])))
        self.stage8 = nn.Sequential(
            _conv(c4, c8, 2), nn.ReLU(True), *(ResidualBlock(c8) for _ in range(sizes.blocks[1]))
        )
        self.stage16 = nn.Sequential(
            _conv(c8, c16, 2), nn.ReLU(True), *(ResidualBlock(c16) for _ in range(sizes.blocks[2]))
        )
        self.neck = nn.Sequential(
            nn.Conv2d(c16, dim, 1, bias=False),
            LayerNorm2d(dim),
            nn.Conv2d(dim, dim, 3, padding=1, bias=False),
            LayerNorm2d(dim),
        )
        finer = [(c8, dim // 4), (c4, dim // 8), (c4 // 2, dim // 16)]
        used = (2 + variant.extensions.fine_mask) if variant.extensions.high_res else 0
        self.high_res = nn.ModuleList(nn.Conv2d(inputs, outputs, 1) for inputs, outputs in finer[:used])

    def fold_norms(self) -> None:
        """Let the convolutions do what the batch norms after them do, in place; for inference alone.

        The names and number of the tensors change, the results but for rounding do not.
        """
        for part in [module for module in self.modules() if isinstance(module, nn.Sequential)]:
            match list(part):
                case [nn.Conv2d() as convolution, nn.BatchNorm2d() as norm]:
                    part[0] = fuse_conv_bn_eval(convolution, norm).requires_grad_(False)
                    part[1] = nn.Identity()

    def features(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(B, 3, H, W) -> features at strides 2, 4, 8 and 16."""
        conv2, act2, conv4, act4 = self.stem
        f2 = act2(conv2(image))
        f4 = self.stage4(act4(conv4(f2)))
        f8 = self.stage8(f4)
        return f2, f4, f8, self.stage16(f8)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """(B, 3, H, W) -> stride-16 features (B, C16, h, w), image embedding (B, dim, h, w), finer maps."""
        f2, f4, f8, f16 = self.features(image)
        fine = tuple(project(f) for project, f in zip(self.high_res, (f8, f4, f2), strict=False))
        return f16, self.neck(f16), fine
