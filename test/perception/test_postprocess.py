from __future__ import annotations

import pytest
import torch

from ssp_sam_ros.perception.geometry import sam_geometry
from ssp_sam_ros.perception.postprocess import logits_to_image, logits_to_letterbox


@pytest.mark.parametrize("image_size", [(480, 640), (640, 480), (100, 100), (31, 999), (1, 1)])
def test_equals_segment_anythings_own(image_size):
    from segment_anything.modeling import Sam

    class Encoder(torch.nn.Module):
        img_size = 1024

    sam = Sam(Encoder(), torch.nn.Identity(), torch.nn.Identity())
    low_res = torch.randn(2, 1, 256, 256, generator=torch.Generator().manual_seed(0))
    place = sam_geometry(image_size, (1024, 1024))
    theirs = sam.postprocess_masks(low_res, place.resized_size, image_size)
    ours = logits_to_image(low_res, place)
    assert ours.shape == (2, *image_size)
    assert torch.equal(ours, theirs[:, 0])


def test_half_precision_logits_are_resized_in_float32():
    low_res = torch.randn(1, 1, 12, 16)
    place = sam_geometry((30, 40), (48, 64))
    with torch.autocast("cpu", torch.bfloat16):
        resized = logits_to_image(low_res.bfloat16(), place)
    assert resized.dtype == torch.float32
    torch.testing.assert_close(resized, logits_to_image(low_res.bfloat16().float(), place), rtol=0, atol=0)


def test_letterbox_through_the_input_size():
    low_res = torch.randn(1, 1, 256, 256, generator=torch.Generator().manual_seed(0))
    through = logits_to_letterbox(low_res, (1024, 1024))
    direct = torch.nn.functional.interpolate(low_res, (512, 512), mode="bilinear", align_corners=False)
    assert through.shape == (1, 1, 512, 512)
    torch.testing.assert_close(through, direct, rtol=0, atol=1e-5)
