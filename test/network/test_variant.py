from __future__ import annotations

import json

import pytest

from ssp_sam_ros.network import Variant, VariantError, load_variant, variant_names


def test_every_shipped_variant_loads_and_survives_a_round_trip() -> None:
    assert {"ssp_sam_224", "ssp_sam_336", "ssp_sam_tiny"} <= set(variant_names())
    for name in variant_names():
        variant = load_variant(name)
        assert variant.name == name
        assert Variant.from_json(variant.to_json()) == variant


@pytest.mark.parametrize(
    ("name", "side", "patches", "joint"), [("224", 224, 196, 512), ("336", 336, 576, 768)]
)
def test_published_sizes(name: str, side: int, patches: int, joint: int) -> None:
    variant = load_variant(f"ssp_sam_{name}")
    assert variant.clip_size == (side, side)
    assert variant.clip.grid[0] * variant.clip.grid[1] == patches
    assert variant.joint_dim == joint
    assert (variant.prompt.tokens, variant.text.context, variant.sam_size) == (128, 77, (1024, 1024))
    assert not any(vars(variant.extensions).values())


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(VariantError, match=r"no variant 'ssp_sam_999'.*ssp_sam_224"):
        load_variant("ssp_sam_999")


def test_file_of_ones_own(tmp_path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(load_variant("ssp_sam_tiny").to_json().replace("ssp_sam_tiny", "mine"))
    assert load_variant(path).name == "mine"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, "unknown field 'colour'"),
        ({"joint_dim": "wide"}, "joint_dim: int is wanted"),
        ({"joint_dim": True}, "joint_dim: int is wanted"),
        (
            {"clip": {"image_size": [224, 224], "patch_size": 15, "width": 768, "layers": 12}},
            "multiple of patch_size",
        ),
        (
            {"clip": {"image_size": [224], "patch_size": 16, "width": 768, "layers": 12}},
            "2 entries are wanted",
        ),
        (
            {
                "clip": {
                    "image_size": [224, 224],
                    "patch_size": 16,
                    "width": 768,
                    "layers": 3,
                    "surgery_blocks": 6,
                }
            },
            "exceeds its 3 layers",
        ),
        ({"sam": {"image_size": [1024, 768], "encoder": {"kind": "vit"}}}, "square"),
        ({"sam": {"image_size": [1024, 1024], "encoder": {"kind": "swin"}}}, "one of vit, trunk"),
        ({"extensions": {"high_res": True}}, "high_res wants"),
        ({"extensions": {"dense_prompt": True}}, "equal grids"),
    ],
)
def test_wrong_files_are_refused_by_name(change: dict, message: str) -> None:
    raw = json.loads(load_variant("ssp_sam_224").to_json()) | change
    with pytest.raises(VariantError, match=message):
        Variant.from_json(json.dumps(raw))


def test_missing_field_is_named() -> None:
    raw = json.loads(load_variant("ssp_sam_224").to_json())
    del raw["text"]
    with pytest.raises(VariantError, match="'text' is missing"):
        Variant.from_json(json.dumps(raw))


def test_broken_json_names_the_source() -> None:
    with pytest.raises(VariantError, match=r"here\.json: not valid JSON"):
        Variant.from_json("{", "here.json")
