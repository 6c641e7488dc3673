"""Reading, checking, naming and writing the network's parameters."""

from __future__ import annotations

from ssp_sam_ros.weights.digest import parameter_digest
from ssp_sam_ros.weights.errors import WeightsError
from ssp_sam_ros.weights.loading import WeightsInfo, load_network
from ssp_sam_ros.weights.saving import save_network

__all__ = ["WeightsError", "WeightsInfo", "load_network", "parameter_digest", "save_network"]
