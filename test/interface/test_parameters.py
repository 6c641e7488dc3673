from __future__ import annotations

import re
from pathlib import Path

import pytest

from ssp_sam_ros.interface.parameter_files import parameters_of
from ssp_sam_ros.interface.parameters import PARAMETERS, Parameters


def test_defaults_pass_their_own_checks() -> None:
    for spec in PARAMETERS.values():
        assert spec.check(spec.default) == spec.default
        assert spec.description


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("max_image_age", "0.5", "double"),
        ("max_image_age", 0.0, "at least"),
        ("max_image_age", float("nan"), "nan"),
        ("max_rate", -1, "at least 0"),
        ("max_rate", 10**400, "at most 1000"),
        ("max_rate", -(10**400), "at least 0"),
        ("max_rate", True, "double"),
        ("max_expressions", 2.5, "integer"),
        ("max_expressions", 33, "at most 32"),
        ("autostart", 1, "bool"),
        ("image_transport", "theora", "raw, compressed"),
        ("cameras", "left", "list of strings"),
        ("cameras", [1, 2], "list of strings"),
        ("model", 224, "string"),
    ],
)
def test_values_that_do_not_fit(name: str, value: object, text: str) -> None:
    with pytest.raises(ValueError, match=text) as error:
        Parameters.from_overrides({name: value})
    assert name in str(error.value)


def test_overrides_and_typed_access() -> None:
    parameters = Parameters.from_overrides(
        {"max_rate": 5, "cameras": ["left", "right"], "use_sim_time": True}
    )
    assert parameters.number("max_rate") == 5.0
    assert isinstance(parameters.number("max_rate"), float)
    assert parameters.names("cameras") == ("left", "right")
    assert parameters.flag("use_sim_time")
    assert parameters.text("model") == "ssp_sam_tiny"
    assert parameters.count("max_expressions") == 32
    with pytest.raises(TypeError, match="'max_rate' is no str"):
        parameters.text("max_rate")


def test_unknown_name_is_an_error_with_the_close_match() -> None:
    with pytest.raises(ValueError, match="did you mean 'no_target_threshold'"):
        Parameters.from_overrides({"no_target_treshold": 0.5})
    with pytest.raises(ValueError, match="known are"):
        Parameters.from_overrides({"zzz": 0.5})


def test_shipped_file_holds_every_parameter_with_its_default(repository: Path) -> None:
    path = repository / "config" / "perception.yaml"
    values = parameters_of(path, "/ssp_sam")
    assert Parameters.from_overrides(values).values == Parameters.from_overrides({}).values
    named = set(re.findall(r"^    (?:# )?(\w+): ", path.read_text(), flags=re.MULTILINE))
    assert set(PARAMETERS) <= named
    # ROS cannot read an empty list; a launch file's SetParameter comes first and must not lose to it.
    assert set(values) == set(PARAMETERS) - {"cameras", "use_sim_time"}
