from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssp_sam_ros.perception.geometry import clip_geometry, sam_geometry

sides = st.integers(1, 5000)
sizes = st.sampled_from([(224, 224), (336, 336), (1024, 1024), (240, 320), (320, 240)])


@pytest.mark.parametrize(
    ("image", "side", "resized", "left", "top"),
    [
        ((480, 640), 224, (168, 224), 0, 28),
        ((479, 640), 336, (251, 336), 0, 42),  # an odd rest of 85: the extra row goes below
        ((640, 480), 224, (224, 168), 28, 0),
        ((100, 100), 224, (224, 224), 0, 0),
        ((1, 1000), 224, (1, 224), 0, 111),  # a side never vanishes
        ((3, 448), 224, (2, 224), 0, 111),  # 1.5 rounds half to even
        ((5, 448), 224, (2, 224), 0, 111),  # and so does 2.5
    ],
)
def test_clip_places(image, side, resized, left, top):
    place = clip_geometry(image, (side, side))
    assert (place.resized_size, place.left, place.top) == (resized, left, top)


@pytest.mark.parametrize(
    ("image", "size", "resized"),
    [
        ((480, 640), (1024, 1024), (768, 1024)),
        ((427, 640), (1024, 1024), (683, 1024)),
        ((5, 2048), (1024, 1024), (3, 1024)),  # 2.5 rounds half up
        ((1, 5000), (1024, 1024), (1, 1024)),
        ((480, 640), (240, 320), (240, 320)),
        ((480, 480), (240, 320), (240, 240)),
        ((300, 640), (240, 320), (150, 320)),
    ],
)
def test_sam_places(image, size, resized):
    place = sam_geometry(image, size)
    assert place.resized_size == resized
    assert (place.left, place.top) == (0, 0)


@given(st.tuples(sides, sides), sizes)
def test_the_picture_always_lies_within_the_input_and_touches_two_sides(image, size):
    for geometry in (clip_geometry, sam_geometry):
        place = geometry(image, size)
        for resized, offset, limit in zip(place.resized_size, (place.top, place.left), size, strict=True):
            assert resized >= 1 and offset >= 0 and offset + resized <= limit
        assert any(resized == limit for resized, limit in zip(place.resized_size, size, strict=True))


@given(st.tuples(st.integers(20, 2000), st.integers(20, 2000)), sizes, st.data())
def test_boxes_go_there_and_back(image, size, data):
    height, width = image
    x = sorted(data.draw(st.tuples(st.floats(0, width), st.floats(0, width))))
    y = sorted(data.draw(st.tuples(st.floats(0, height), st.floats(0, height))))
    box = (x[0], y[0], x[1], y[1])
    for geometry in (clip_geometry, sam_geometry):
        place = geometry(image, size)
        back = place.box_to_image(place.box_to_input(box))
        # Half a pixel of the input, from rounding the short side.
        assert back == pytest.approx(box, abs=0.5 / place.scale + 1e-6)


def test_boxes_are_clamped_to_the_picture():
    place = clip_geometry((480, 640), (224, 224))
    assert place.box_to_image((0.5, 0.5, 2.0, 2.0)) == (0, 0, 640, 480)
    assert place.box_to_image((0.5, 0.0, 0.1, 0.1)) == pytest.approx((288, 0, 352, 0))
