"""Every parameter of speech input once, in the terms of the perception node's table."""

from __future__ import annotations

from collections.abc import Mapping

from ssp_sam_ros.interface.parameters import Parameters, ParameterSpec

CONFIDENCE_THRESHOLD = 0.8
"""Fixed on the development set, docs/speech.md."""

AUDIO_TYPES = (
    "audio_common_msgs/msg/AudioStamped",
    "audio_common_msgs/msg/AudioData",
    "audio_common_msgs/msg/AudioDataStamped",
)
TEXT_TYPES = ("std_msgs/msg/String", "whisper_msgs/msg/Transcription")

_SPECS = (
    ParameterSpec(
        "engine",
        "string",
        "pocketsphinx",
        "recogniser; vosk and whisper need a model",
        read_only=True,
        choices=("pocketsphinx", "vosk", "whisper"),
    ),
    ParameterSpec("model", "string", "", "folder of the vosk or faster-whisper model", read_only=True),
    ParameterSpec(
        "vocabulary", "string", "", "vocabulary file; empty: the small model's language", read_only=True
    ),
    ParameterSpec(
        "any_sentence",
        "bool",
        False,
        "send sentences outside the vocabulary, too (vosk, whisper and texts)",
        read_only=True,
    ),
    ParameterSpec(
        "source",
        "string",
        "microphone",
        "where the sound comes from; none: only the texts of other recognisers",
        read_only=True,
        choices=("microphone", "topic", "none"),
    ),
    ParameterSpec("microphone", "string", "", "device: part of its name, or its number", read_only=True),
    ParameterSpec(
        "audio_type", "string", AUDIO_TYPES[0], "type of the topic audio", read_only=True, choices=AUDIO_TYPES
    ),
    ParameterSpec(
        "audio_rate",
        "integer",
        16000,
        "samples a second on topic audio, where its messages do not say",
        read_only=True,
        minimum=4000,
        maximum=384000,
    ),
    ParameterSpec(
        "audio_channels",
        "integer",
        1,
        "channels on topic audio, where its messages do not say",
        read_only=True,
        minimum=1,
        maximum=64,
    ),
    ParameterSpec(
        "text_type", "string", TEXT_TYPES[0], "type of the topic text", read_only=True, choices=TEXT_TYPES
    ),
    ParameterSpec(
        "activation",
        "string",
        "always",
        "what makes a sentence one for the robot",
        read_only=True,
        choices=("always", "push_to_talk", "wake_phrase"),
    ),
    ParameterSpec("wake_phrase", "string", "hey robot", "for activation: wake_phrase", read_only=True),
    ParameterSpec(
        "wake_window",
        "double",
        5.0,
        "seconds after the bare wake phrase within which a sentence counts",
        read_only=True,
        minimum=0.0,
        maximum=60.0,
    ),
    ParameterSpec(
        "confidence_threshold",
        "double",
        CONFIDENCE_THRESHOLD,
        "what is heard with less confidence is not sent",
        minimum=0.0,
        maximum=1.0,
    ),
    ParameterSpec(
        "end_silence",
        "double",
        0.5,
        "seconds without speech that end a sentence",
        read_only=True,
        minimum=0.1,
        maximum=3.0,
    ),
    ParameterSpec(
        "vad_strictness",
        "integer",
        0,
        "of the voice activity detection: 0 takes much for speech, 3 little",
        read_only=True,
        minimum=0,
        maximum=3,
    ),
    ParameterSpec(
        "longest_sentence",
        "double",
        12.0,
        "seconds after which a sentence is ended",
        read_only=True,
        minimum=1.0,
        maximum=60.0,
    ),
)

SPEECH_PARAMETERS: dict[str, ParameterSpec] = {spec.name: spec for spec in _SPECS}


def speech_parameters(overrides: Mapping[str, object]) -> Parameters:
    """Defaults with overrides on top.

    Raises:
        ValueError: an unknown name, a value that does not fit, or values that do not fit together.
    """
    parameters = Parameters.from_overrides(overrides, SPEECH_PARAMETERS)
    engine = parameters.text("engine")
    if engine != "pocketsphinx" and not parameters.text("model"):
        raise ValueError(f"engine {engine} needs a model: set parameter 'model' to its folder")
    if parameters.text("activation") == "wake_phrase" and not parameters.text("wake_phrase").split():
        raise ValueError("activation wake_phrase needs parameter 'wake_phrase'")
    return parameters
