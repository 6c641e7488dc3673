"""Published weights files as a table: where they come from, how large they are, their SHA-256.

None stands for what is not known. It stays unknown: nothing here is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ssp_sam_ros.network import Variant
from ssp_sam_ros.network.variant import ClipText, ClipVision, Sam, SamEncoder

_SAM_HOST = "https://dl.fbaipublicfiles.com/segment_anything"
_OPENAI_HOST = "https://openaipublic.azureedge.net/clip/models"
_HUGGING_FACE = "https://huggingface.co"
_APACHE, _MIT = "Apache-2.0", "MIT"

AUTHORS_PAGE = f"{_HUGGING_FACE}/wayneicloud/SSP-SAM"
"""Where the authors publish their checkpoints; which file is which stands there, not here."""


@dataclass(frozen=True)
class PublishedFile:
    """One file of weights.

    Attributes:
        name: what it is called in a weights folder.
        holds: what is in it, for people.
        url: its address; None where only `page` is known.
        page: where to look for it, "" for a file that users make themselves.
        size: bytes.
        sha256: of the file, hexadecimal.
        licence: SPDX identifier, or "unknown".
    """

    name: str
    holds: str
    url: str | None = None
    page: str = ""
    size: int | None = None
    sha256: str | None = None
    licence: str = _APACHE


SAM_VIT_H = PublishedFile(
    "sam_vit_h_4b8939.pth",
    "SAM ViT-H",
    f"{_SAM_HOST}/sam_vit_h_4b8939.pth",
    size=2_564_550_879,
    sha256="a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
)
SAM_VIT_L = PublishedFile(
    "sam_vit_l_0b3195.pth",
    "SAM ViT-L",
    f"{_SAM_HOST}/sam_vit_l_0b3195.pth",
    size=1_249_524_607,
    sha256="3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
)
SAM_VIT_B = PublishedFile(
    "sam_vit_b_01ec64.pth",
    "SAM ViT-B",
    f"{_SAM_HOST}/sam_vit_b_01ec64.pth",
    size=375_042_383,
    sha256="ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
)
_VIT_B_16_DIGEST = "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f"
_VIT_L_14_336_DIGEST = "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02"
CLIP_VIT_B_16 = PublishedFile(
    "ViT-B-16.pt",
    "CLIP ViT-B/16, OpenAI's TorchScript archive",
    f"{_OPENAI_HOST}/{_VIT_B_16_DIGEST}/ViT-B-16.pt",
    sha256=_VIT_B_16_DIGEST,
    licence=_MIT,
)
CLIP_VIT_L_14_336 = PublishedFile(
    "ViT-L-14-336px.pt",
    "CLIP ViT-L/14-336, OpenAI's TorchScript archive",
    f"{_OPENAI_HOST}/{_VIT_L_14_336_DIGEST}/ViT-L-14-336px.pt",
    sha256=_VIT_L_14_336_DIGEST,
    licence=_MIT,
)
# Both repositories call the file open_clip's name for it, which says nothing: here it is named after them.
CLIP_VIT_B_16_SAFETENSORS = PublishedFile(
    "vit_base_patch16_clip_224.openai.safetensors",
    "CLIP ViT-B/16, the same as safetensors",
    f"{_HUGGING_FACE}/timm/vit_base_patch16_clip_224.openai/resolve/main/open_clip_model.safetensors",
    licence=_MIT,
)
CLIP_VIT_L_14_336_SAFETENSORS = PublishedFile(
    "vit_large_patch14_clip_336.openai.safetensors",
    "CLIP ViT-L/14-336, the same as safetensors",
    f"{_HUGGING_FACE}/timm/vit_large_patch14_clip_336.openai/resolve/main/open_clip_model.safetensors",
    licence=_MIT,
)
SSP_SAM_224 = PublishedFile(
    "ssp_sam_224.pth", "SSP-SAM 224, everything: the authors' checkpoint under this name", page=AUTHORS_PAGE
)
SSP_SAM_336 = PublishedFile(
    "ssp_sam_336.pth", "SSP-SAM 336, everything: the authors' checkpoint under this name", page=AUTHORS_PAGE
)
SIGLIP2_TOKENIZER = PublishedFile(
    "siglip2_tokenizer.json",
    "SigLIP 2's tokenizer: the repository's tokenizer.json under this name",
    page=f"{_HUGGING_FACE}/google/siglip2-base-patch16-224",
    licence="unknown",
)

PUBLISHED = (
    SSP_SAM_224,
    SSP_SAM_336,
    CLIP_VIT_B_16_SAFETENSORS,
    CLIP_VIT_B_16,
    CLIP_VIT_L_14_336_SAFETENSORS,
    CLIP_VIT_L_14_336,
    SAM_VIT_H,
    SAM_VIT_L,
    SAM_VIT_B,
    SIGLIP2_TOKENIZER,
)

TRUSTED_ARCHIVES = frozenset({_VIT_B_16_DIGEST, _VIT_L_14_336_DIGEST})
"""SHA-256 of the only TorchScript archives that may be opened: such a file is code."""

_CHECKPOINTS = {"ssp_sam_224": SSP_SAM_224, "ssp_sam_336": SSP_SAM_336}
_Files = tuple[PublishedFile, ...]
_CLIP: tuple[tuple[ClipVision, ClipText, _Files], ...] = (
    (
        ClipVision(image_size=(224, 224), patch_size=16, width=768, layers=12),
        ClipText(width=512, heads=8, layers=12),
        (CLIP_VIT_B_16_SAFETENSORS, CLIP_VIT_B_16),
    ),
    (
        ClipVision(image_size=(336, 336), patch_size=14, width=1024, layers=24),
        ClipText(width=768, heads=12, layers=12),
        (CLIP_VIT_L_14_336_SAFETENSORS, CLIP_VIT_L_14_336),
    ),
)
_VIT_H = SamEncoder()
_VIT_L = SamEncoder(width=1024, depth=24, heads=16, global_attention=(5, 11, 17, 23))
_VIT_B = SamEncoder(width=768, depth=12, heads=12, global_attention=(2, 5, 8, 11))
_SAM: tuple[tuple[Sam, _Files], ...] = tuple(
    (Sam(image_size=(1024, 1024), encoder=encoder), (file,))
    for encoder, file in ((_VIT_H, SAM_VIT_H), (_VIT_L, SAM_VIT_L), (_VIT_B, SAM_VIT_B))
)


def published_checkpoint(variant_name: str) -> PublishedFile | None:
    """The authors' checkpoint of a variant, if they published one."""
    return _CHECKPOINTS.get(variant_name)


def published_parts(variant: Variant) -> dict[str, tuple[PublishedFile, ...]]:
    """Files that hold a variant's frozen parts "clip" and "sam", any one of each tuple; by its sizes.

    A part of which no file is known has no entry.
    """
    parts: dict[str, _Files] = {}
    vision = replace(variant.clip, surgery_blocks=ClipVision.surgery_blocks)  # the same parameters
    for image_tower, text_tower, files in _CLIP:
        if (vision, variant.text) == (image_tower, text_tower):
            parts["clip"] = files
    for sam, files in _SAM:
        if variant.sam == sam:
            parts["sam"] = files
    return parts


def published_file(name: str) -> PublishedFile | None:
    """The file of that name."""
    return next((file for file in PUBLISHED if file.name == name), None)
