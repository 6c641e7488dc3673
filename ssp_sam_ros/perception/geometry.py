"""Where a picture lies inside a network input, and the way back for boxes."""

from __future__ import annotations

from dataclasses import dataclass

Size = tuple[int, int]  # (height, width), pixels


@dataclass(frozen=True)
class Geometry:
    """A picture resized by `scale` and pasted at (`left`, `top`) into a zero-padded network input.

    Attributes:
        image_size: (height, width) of the picture.
        resized_size: (height, width) of the picture inside the input.
        input_size: (height, width) of the whole input, padding included.
        left, top: offset of the resized picture, pixels of the input.
        scale: input pixels per picture pixel, before the sides were rounded.
    """

    image_size: Size
    resized_size: Size
    input_size: Size
    left: int
    top: int
    scale: float

    def box_to_image(self, cxcywh: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """A box of the network's head as pixels of the picture (network.md, step 10).

        Args:
            cxcywh: centre and size, each 0..1 of the padded input.

        Returns:
            (x1, y1, x2, y2) in pixels of the picture, clamped to it.
        """
        cx, cy, w, h = cxcywh
        height, width = self.input_size
        image_height, image_width = self.image_size

        def back(value: float, side: int, offset: int, limit: int) -> float:
            return min(max((value * side - offset) / self.scale, 0.0), float(limit))

        return (
            back(cx - w / 2, width, self.left, image_width),
            back(cy - h / 2, height, self.top, image_height),
            back(cx + w / 2, width, self.left, image_width),
            back(cy + h / 2, height, self.top, image_height),
        )

    def box_to_input(self, xyxy: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """A pixel box of the picture as (cx, cy, w, h), each 0..1 of the padded input: the box head's target.

        The release stretches a target by the ratio of the rounded sides, axis by axis, but divides a
        predicted box by the one ratio of the long side (`box_to_image`). The two differ by the rounding of
        the short side, half a pixel of the input at most; both are kept as they are.
        """
        height, width = self.input_size
        ratio_y, ratio_x = (a / b for a, b in zip(self.resized_size, self.image_size, strict=True))
        x1, y1, x2, y2 = xyxy[0] * ratio_x, xyxy[1] * ratio_y, xyxy[2] * ratio_x, xyxy[3] * ratio_y
        return (
            ((x1 + x2) / 2 + self.left) / width,
            ((y1 + y2) / 2 + self.top) / height,
            (x2 - x1) / width,
            (y2 - y1) / height,
        )


def fit(image_size: Size, input_size: Size) -> float:
    """The scale at which a picture just fits an input: min(H/h, W/w); for a square, long side to the side."""
    return min(input_size[0] / image_size[0], input_size[1] / image_size[1])


def clip_geometry(image_size: Size, input_size: Size) -> Geometry:
    """CLIP's input: sides rounded half to even, centred (network.md, Inputs).

    The 0.1 taken off before rounding puts the odd pixel of padding right and below.
    """
    scale = fit(image_size, input_size)
    height, width = (
        min(limit, max(1, round(side * scale))) for side, limit in zip(image_size, input_size, strict=True)
    )
    return Geometry(
        image_size=image_size,
        resized_size=(height, width),
        input_size=input_size,
        left=round((input_size[1] - width) / 2 - 0.1),
        top=round((input_size[0] - height) / 2 - 0.1),
        scale=scale,
    )


def sam_geometry(image_size: Size, input_size: Size) -> Geometry:
    """SAM's input: sides rounded half up, padding right and below (segment_anything's ResizeLongestSide)."""
    scale = fit(image_size, input_size)
    height, width = (
        min(limit, max(1, int(side * scale + 0.5)))
        for side, limit in zip(image_size, input_size, strict=True)
    )
    return Geometry(image_size, (height, width), input_size, left=0, top=0, scale=scale)
