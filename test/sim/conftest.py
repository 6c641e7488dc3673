from __future__ import annotations

from collections.abc import Iterator

import pytest

from ssp_sam_ros.sim import Scene, SimulatorUnavailableError, Tabletop


@pytest.fixture(scope="session")
def scenes() -> Iterator[list[Scene]]:
    """Twenty scenes of one stream; skips where nothing can be rendered."""
    tabletop = Tabletop(11)
    try:
        made = [tabletop.scene() for _ in range(20)]
    except SimulatorUnavailableError as error:
        pytest.skip(str(error))
    yield made
    tabletop.close()
