"""PyTorch: which build, how many threads, which device and arithmetic the parameters lead to."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from ssp_sam_ros.doctor.check import Check, Level

OLDEST = (2, 6)

_SET_UP = "set up again with scripts/setup.sh, which installs the versions of constraints.txt"
_NETWORK_PACKAGES = ("ssp_sam_ros.network.compat", "open_clip", "segment_anything")
_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")


def check_torch() -> list[Check]:
    """The build and the packages beside it that the network is made of."""
    try:
        import torch

        for name in _NETWORK_PACKAGES:
            import_module(name)
    except (ImportError, OSError, RuntimeError) as error:
        return [Check("torch", Level.FAIL, f"does not import: {error}", _SET_UP)]
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU only"
    text = f"{torch.__version__}, built for {build}"
    details = {"version": torch.__version__, "cuda": torch.version.cuda}
    if tuple(int(part) for part in torch.__version__.split(".")[:2]) < OLDEST:
        return [Check("torch", Level.FAIL, f"{text}; {OLDEST[0]}.{OLDEST[1]} is needed", _SET_UP, details)]
    return [Check("torch", Level.OK, text, details=details), _threads()]


def check_device(device: str, dtype: str) -> list[Check]:
    """Device and arithmetic that the parameters `device` and `dtype` stand for on this machine."""
    try:
        import torch

        from ssp_sam_ros.perception.precision import choose_device, choose_precision
    except (ImportError, OSError, RuntimeError) as error:
        return [Check("device", Level.FAIL, f"unknown, as torch does not import: {error}", _SET_UP)]
    try:
        chosen = choose_device(device)
        precision = str(choose_precision(dtype, chosen)).removeprefix("torch.")
        exact = choose_precision("auto", chosen) == torch.float32
    except (ValueError, RuntimeError) as error:
        return [Check("device", Level.FAIL, str(error), "change the parameter device or dtype")]
    details: dict[str, object] = {"device": str(chosen), "dtype": precision, "bfloat16": not exact}
    arithmetic = f"{precision}; bfloat16 in hardware: {'no' if exact else 'yes'}"
    if chosen.type == "cuda":
        free, total = torch.cuda.mem_get_info(chosen)
        name = torch.cuda.get_device_name(chosen)
        details |= {"name": name, "free_bytes": free, "total_bytes": total}
        text = f"{chosen}, {name}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free, {arithmetic}"
        return [Check("device", Level.OK, text, details=details)]
    text = f"{chosen}, {arithmetic}"
    if _NVIDIA_DRIVER.exists() and device == "auto":
        reason = "torch is built for the CPU" if torch.version.cuda is None else "torch sees no device"
        advice = "install a CUDA build of torch that fits the driver, see nvidia-smi"
        return [
            Check("device", Level.WARN, f"{text}; an NVIDIA driver is here, but {reason}", advice, details)
        ]
    return [Check("device", Level.OK, text, details=details)]


def _threads() -> Check:
    import torch

    threads, cores = torch.get_num_threads(), len(os.sched_getaffinity(0))
    text = f"{threads} for {cores} processor{'s' if cores > 1 else ''} that this process may use"
    details = {"threads": threads, "processors": cores}
    limits = [name for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ]
    if threads < cores / 2 and limits:
        advice = f"unset {' and '.join(limits)} where the network runs on the CPU"
        return Check("threads", Level.WARN, text, advice, details)
    return Check("threads", Level.OK, text, details=details)
