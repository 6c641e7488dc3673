from __future__ import annotations

from pathlib import Path

import pytest

from ssp_sam_ros.interface.parameter_files import parameters_of
from ssp_sam_ros.speech.parameters import SPEECH_PARAMETERS, speech_parameters


def test_shipped_file_holds_every_parameter_with_its_default(repository: Path) -> None:
    values = parameters_of(repository / "config" / "speech.yaml", "/speech")
    assert set(values) == set(SPEECH_PARAMETERS)
    assert speech_parameters(values).values == speech_parameters({}).values


def test_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="did you mean 'wake_phrase'"):
        speech_parameters({"wake_frase": "hey"})
    with pytest.raises(ValueError, match="must be at most 1"):
        speech_parameters({"confidence_threshold": 1.5})
    with pytest.raises(ValueError, match="needs parameter 'wake_phrase'"):
        speech_parameters({"activation": "wake_phrase", "wake_phrase": " "})
