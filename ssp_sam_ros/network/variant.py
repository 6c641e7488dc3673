"""Network variants are data: a JSON file read into frozen dataclasses.

Every size of the architecture is a field, so that the published networks (`ssp_sam_224`, `ssp_sam_336`), the
small one shipped with this package (`ssp_sam_tiny`) and a user's own differ in nothing but such a file.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .variant_checks import check_sizes
from .variant_reading import VariantError, read_dataclass

VARIANTS_DIR = Path(__file__).parent / "variants"


@dataclass(frozen=True)
class ClipVision:
    """CLIP's image tower, `ViT-B/16` and the like."""

    image_size: tuple[int, int]  # (height, width) of the padded input
    patch_size: int
    width: int
    layers: int
    head_width: int = 64
    surgery_blocks: int = 6  # how many of the last blocks run both streams of CLIP surgery
    mlp_ratio: float = 4.0  # hidden width of the blocks' MLP per width (eva_clip: of its gated one)
    mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)

    @property
    def grid(self) -> tuple[int, int]:
        """Patches down and across."""
        return self.image_size[0] // self.patch_size, self.image_size[1] // self.patch_size


@dataclass(frozen=True)
class ClipText:
    """CLIP's text tower.

    It reads the byte-pair pieces of OpenAI's CLIP: all of them, or those of the words in `vocabulary`. With a
    `tokenizer_file` it reads the `tokenizer_pieces` pieces of that file instead (`tokenizer.py` says where
    the file is looked for).
    """

    width: int
    heads: int
    layers: int
    context: int = 77
    vocabulary: tuple[str, ...] | None = None
    tokenizer_file: str | None = None
    tokenizer_pieces: int | None = None


@dataclass(frozen=True)
class PromptEncoderSizes:
    """The semantic-spatial prompt encoder (network.md, steps 3 to 10)."""

    dim: int = 512  # steps 3 to 8
    tokens: int = 128  # Q, the prompt tokens handed to SAM
    attention_heads: int = 8  # step 6
    attention_dropout: float = 0.1
    layers: int = 6  # step 9
    heads: int = 8
    feed_forward: int = 2048
    token_init: float = 0.02  # standard deviation of token and position tables before training
    input_projections: bool = False  # linear maps of patches and sentence before their similarity (step 1)
    # What the paper's ablations take away (docs/training.md says how each is read).
    gaussian: bool = True  # Table XIII: without it the patches are weighted by s itself (step 7)
    visual_adapter: bool = True  # Table XI: without it patches pass as they are (steps 2, 6 and 7)
    language_adapter: bool = True  # Table XI: without it the phrase is the words' mean (step 5)
    generator: Literal["encoder", "decoder", "mlp"] = "encoder"  # Table XII (step 9)


@dataclass(frozen=True)
class SamEncoder:
    """SAM's image encoder: `vit` is segment_anything's, `trunk` a small convolutional one."""

    kind: Literal["vit", "trunk"] = "vit"
    # kind "vit"
    width: int = 1280
    depth: int = 32
    heads: int = 16
    global_attention: tuple[int, ...] = (7, 15, 23, 31)
    window: int = 14
    # kind "trunk": channels at strides 4, 8 and 16 and residual blocks at each
    channels: tuple[int, ...] = ()
    blocks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Sam:
    """SAM around its image encoder: prompt encoder and mask decoder."""

    image_size: tuple[int, int]  # (height, width) of the padded input
    encoder: SamEncoder
    patch_size: int = 16
    dim: int = 256  # channels of the image embedding, of the prompts and of the mask decoder
    decoder_depth: int = 2
    decoder_heads: int = 8
    decoder_feed_forward: int = 2048
    iou_hidden: int = 256
    mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    std: tuple[float, float, float] = (58.395, 57.12, 57.375)

    @property
    def grid(self) -> tuple[int, int]:
        """Cells of the image embedding, down and across."""
        return self.image_size[0] // self.patch_size, self.image_size[1] // self.patch_size


@dataclass(frozen=True)
class Extensions:
    """What a variant adds to the published network. All off reproduces it exactly.

    They exist for networks trained from scratch on little data; docs/architecture.md describes each.
    """

    gating_norms: bool = False  # layer norms before, around and after the gating of steps 3 to 8
    visual_skip: bool = False  # projected F_v joins F_ss before the prompt encoder's sequence
    position: bool = False  # and so does each patch's place in the picture
    text_in_sequence: bool = False  # phrase and word tokens join that sequence
    alignment: bool = False  # a learned similarity of patches and sentence joins that sequence
    mentions: bool = False  # so do patch logits of what the sentence relates its targets to, and from where
    dense_prompt: bool = False  # the sequence's patch tokens become SAM's dense prompt
    presence: bool = False  # a presence logit lowers all mask logits of an absent target
    high_res: bool = False  # stride 8 and 4 features of the trunk join SAM's upscaling
    fine_mask: bool = False  # a step more of that: mask logits at stride 2 instead of 4


@dataclass(frozen=True)
class Variant:
    """One network: every size of it, and what its inputs look like."""

    name: str
    joint_dim: int  # D, the width that CLIP's two towers share
    clip: ClipVision
    text: ClipText
    prompt: PromptEncoderSizes
    sam: Sam
    extensions: Extensions = field(default_factory=Extensions)
    backbone: Literal["clip", "eva_clip", "siglip2"] = "clip"  # whose two towers stand in CLIP's place

    @property
    def class_tokens(self) -> int:
        """How many visual tokens, at their front, are no patches: SigLIP's tower has no class token."""
        return 0 if self.backbone == "siglip2" else 1

    @property
    def shared_trunk(self) -> bool:
        """True if CLIP's image tower reads the SAM trunk's features instead of a picture of its own."""
        return self.sam.encoder.kind == "trunk"

    @property
    def clip_size(self) -> tuple[int, int]:
        """(height, width) of CLIP's padded input."""
        return self.clip.image_size

    @property
    def sam_size(self) -> tuple[int, int]:
        """(height, width) of SAM's padded input."""
        return self.sam.image_size

    @property
    def clip_mean(self) -> tuple[float, float, float]:
        """Mean of CLIP's normalisation, on 0..1."""
        return self.clip.mean

    @property
    def clip_std(self) -> tuple[float, float, float]:
        """Standard deviation of CLIP's normalisation, on 0..1."""
        return self.clip.std

    @property
    def sam_mean(self) -> tuple[float, float, float]:
        """Mean of SAM's normalisation, on 0..255."""
        return self.sam.mean

    @property
    def sam_std(self) -> tuple[float, float, float]:
        """Standard deviation of SAM's normalisation, on 0..255."""
        return self.sam.std

    @property
    def mask_stride(self) -> int:
        """Pixels of SAM's input that a cell of the mask logits is wide."""
        return self.sam.patch_size // (8 if self.extensions.fine_mask else 4)

    @property
    def vocabulary(self) -> tuple[str, ...] | None:
        """The words this network knows, None if it has CLIP's full byte-pair table."""
        return self.text.vocabulary

    def to_json(self) -> str:
        """The variant as the JSON text that `Variant.from_json` reads."""
        return json.dumps(dataclasses.asdict(self), indent=1)

    @staticmethod
    def from_json(text: str, source: str = "variant") -> Variant:
        """Read a variant from JSON text; `source` names it in errors.

        Raises VariantError for invalid JSON, unknown, missing or mistyped fields and sizes that contradict
        each other.
        """
        try:
            raw = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise VariantError(f"{source}: not valid JSON ({error})") from error
        variant: Variant = read_dataclass(Variant, raw, source)
        check_sizes(variant, source)
        return variant


def variant_names() -> list[str]:
    """Names of the variants shipped with the package, sorted."""
    return sorted(path.stem for path in VARIANTS_DIR.glob("*.json"))


def load_variant(name_or_path: str | Path) -> Variant:
    """The variant of that name, or the one in that JSON file.

    Raises VariantError if there is no such variant or the file cannot be understood.
    """
    path = VARIANTS_DIR / f"{name_or_path}.json"
    if not path.is_file():
        path = Path(name_or_path)
        if path.suffix != ".json" or not path.is_file():
            raise VariantError(
                f"no variant '{name_or_path}': use one of {', '.join(variant_names())} "
                "or the path of a variant's .json"
            )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise VariantError(f"{path}: not valid JSON (no UTF-8 text: {error.reason})") from error
    return Variant.from_json(text, str(path))
