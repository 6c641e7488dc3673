from __future__ import annotations

import pytest

from ssp_sam_ros.sim import SimulatorUnavailableError
from ssp_sam_ros.sim.bench import Bench, BenchScene


@pytest.fixture(scope="session")
def bench_scenes() -> list[BenchScene]:
    """A dozen scenes of one stream; skips where nothing can be rendered."""
    bench = Bench(7)
    try:
        return [bench.scene() for _ in range(12)]
    except SimulatorUnavailableError as error:
        pytest.skip(str(error))
    finally:
        bench.close()
