from __future__ import annotations

from array import array
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ssp_sam_ros.speech.audio_messages import MessageConverter

ARRAYS = ("float32_data", "int32_data", "int24_data", "int16_data", "int8_data", "uint8_data")


def stamped(rate: int = 16000, channels: int = 1, **data: Any) -> Any:
    audio_data = SimpleNamespace(**(dict.fromkeys(ARRAYS, array("h")) | data))
    info = SimpleNamespace(rate=rate, channels=channels)
    return SimpleNamespace(audio=SimpleNamespace(audio_data=audio_data, info=info))


@pytest.mark.parametrize(
    "data",
    [
        {"int16_data": array("h", [256, -512])},
        {"int8_data": array("b", [1, -2])},
        {"uint8_data": array("B", [129, 126])},
        {"int32_data": array("i", [2**24, -(2**25)])},
        {"float32_data": array("f", [1 / 128, -1 / 64])},
    ],
)
def test_stamped_audio_of_every_width(data: dict[str, Any]) -> None:
    converter = MessageConverter("audio_common_msgs/msg/AudioStamped", 48000, 2)
    assert converter.convert(stamped(**data)).tolist() == [256, -512]


def test_stamped_audio_names_its_channels() -> None:
    converter = MessageConverter("audio_common_msgs/msg/AudioStamped", 16000, 1)
    sound = converter.convert(stamped(channels=2, int16_data=array("h", [100, 300])))
    assert sound.tolist() == [200]
    assert converter.convert(stamped()).tolist() == []
    with pytest.raises(ValueError, match="24 bits"):
        converter.convert(stamped(int24_data=array("i", [1])))
    with pytest.raises(ValueError, match="sampling rate"):
        converter.convert(stamped(rate=0, int16_data=array("h", [1])))


@pytest.mark.parametrize("kind", ["AudioData", "AudioDataStamped"])
def test_plain_bytes(kind: str) -> None:
    converter = MessageConverter(f"audio_common_msgs/msg/{kind}", 16000, 1)
    samples = np.array([1, -2, 300], "<i2")
    for data in (array("B", samples.tobytes()), list(samples.tobytes())):
        plain = SimpleNamespace(data=data)
        message = plain if kind == "AudioData" else SimpleNamespace(audio=plain)
        assert converter.convert(message).tolist() == [1, -2, 300]
    with pytest.raises(ValueError, match="odd number of bytes"):
        odd = SimpleNamespace(data=[1])
        converter.convert(odd if kind == "AudioData" else SimpleNamespace(audio=odd))
