"""Sound in the messages that ROS packages for it send."""

from __future__ import annotations

from typing import Any

import numpy as np

from ssp_sam_ros.speech.audio import Converter

# The arrays of audio_common_msgs/AudioData in mgonzs13's audio_common, one of which is filled.
_ARRAYS = {
    "float32_data": "f4",
    "int32_data": "i4",
    "int16_data": "i2",
    "int8_data": "i1",
    "uint8_data": "u1",
}


class MessageConverter:
    """Messages of one topic to int16 (N,), mono, 16 kHz.

    `AudioStamped` (audio_common by mgonzs13, which whisper_ros uses) names rate and channels itself.
    `AudioData` and `AudioDataStamped` (audio_common by ros-drivers) are bytes: signed 16 bits, little-endian,
    interleaved, i.e. its audio_capture with `format: wave`; compressed formats are not read.
    """

    def __init__(self, type_name: str, rate: int, channels: int) -> None:
        """Set up for a type, with rate and channels for messages that do not say."""
        self._type = type_name.rpartition("/")[2]
        self._converter = Converter(rate, channels)

    def convert(self, message: Any) -> np.ndarray:
        """The sound of a message.

        Raises:
            ValueError: it holds none of the formats, or the numbers do not fit together.
        """
        if self._type == "AudioStamped":
            info = message.audio.info
            if (info.rate, info.channels) != (self._converter.rate, self._converter.channels):
                self._converter = Converter(int(info.rate), int(info.channels))
            return self._converter.convert(_filled(message.audio.audio_data))
        raw = message.audio.data if self._type == "AudioDataStamped" else message.data
        data = raw.tobytes() if hasattr(raw, "tobytes") else bytes(raw)
        if len(data) % 2:
            raise ValueError("an odd number of bytes is no sound of 16 bits; is the format wave, not mp3?")
        return self._converter.convert(np.frombuffer(data, "<i2"))


def _filled(data: Any) -> np.ndarray:
    for name, kind in _ARRAYS.items():
        values = getattr(data, name)
        if len(values):
            return np.asarray(values, dtype=kind)
    if len(getattr(data, "int24_data", ())):
        raise ValueError("samples of 24 bits are not read; set the capture's format to 16 bits (paInt16)")
    return np.zeros(0, np.int16)
