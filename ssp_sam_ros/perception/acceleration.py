"""Two ways to run the network's stages with less overhead: `torch.compile` and CUDA graphs. Off by default.

docs/network.md says what each was measured to bring, and what was not measured.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from ssp_sam_ros.network import SSPSAM, ImageFeatures, Prompts, TextFeatures

ACCELERATIONS = ("none", "compile", "cuda_graphs")

_WARM_UPS = 3
_GRAPHS_PER_STAGE = 8  # one for each number of expressions (or size of input) met; the oldest goes first


class Stages(Protocol):
    """The network's four stages; an `SSPSAM` is one."""

    def encode_image(self, clip_image: Tensor | None, sam_image: Tensor) -> ImageFeatures:
        """Both image encoders."""

    def encode_text(self, ids: Tensor) -> TextFeatures:
        """The text tower."""

    def prompt(self, visual: Tensor, text: TextFeatures) -> Prompts:
        """The semantic-spatial prompt encoder."""

    def decode(self, features: ImageFeatures, prompts: Prompts) -> tuple[Tensor, Tensor]:
        """SAM's mask decoder."""


@dataclasses.dataclass(frozen=True)
class AcceleratedStages:
    """Four callables in place of a network's own stages."""

    encode_image: Callable[..., ImageFeatures]
    encode_text: Callable[..., TextFeatures]
    prompt: Callable[..., Prompts]
    decode: Callable[..., tuple[Tensor, Tensor]]


def accelerate(network: SSPSAM, acceleration: str) -> Stages:
    """The stages of `network`, run as `acceleration` says.

    Args:
        network: on its device, in evaluation mode.
        acceleration: "none"; "compile": the image encoders are compiled when they are first called, which
            takes a minute or more and wants a C++ compiler (on CUDA, Triton); "cuda_graphs": the kernels of
            each stage are recorded for each number of expressions and replayed, on CUDA only.

    Raises:
        ValueError: for an unknown name, or CUDA graphs without CUDA.
    """
    if acceleration == "none":
        return network
    if acceleration == "compile":
        compiled = _Compiled(network.encode_image)  # the other stages change shape with every number of rows
        return AcceleratedStages(compiled, network.encode_text, network.prompt, network.decode)
    if acceleration == "cuda_graphs":
        if network.device.type != "cuda":
            raise ValueError(
                f"acceleration 'cuda_graphs' wants a CUDA device, the network is on {network.device}"
            )
        stages: tuple[Callable[..., Any], ...] = (
            network.encode_image,
            network.encode_text,
            network.prompt,
            network.decode,
        )
        return AcceleratedStages(*map(_Graphed, stages))
    raise ValueError(f"acceleration '{acceleration}' is unknown: use {', '.join(ACCELERATIONS)}")


class _Compiled:
    """A stage of fixed shapes, compiled."""

    def __init__(self, stage: Callable[..., Any]) -> None:
        self._stage = torch.compile(stage, dynamic=False)

    def __call__(self, *inputs: Any) -> Any:
        try:
            return self._stage(*inputs)
        except torch._dynamo.exc.TorchDynamoException as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise RuntimeError(
                f"acceleration 'compile' does not work here ({lines[0]}): use 'none'"
            ) from error


@dataclasses.dataclass
class _Recording:
    graph: torch.cuda.CUDAGraph
    inputs: list[Tensor]
    outputs: Any


class _Graphed:
    """A stage as CUDA graphs, one for each set of shapes, types and autocast."""

    def __init__(self, stage: Callable[..., Any]) -> None:
        self._stage = stage
        self._recordings: OrderedDict[Any, _Recording] = OrderedDict()

    def __call__(self, *inputs: Any) -> Any:
        tensors = _tensors(inputs)
        key = (
            *((tuple(t.shape), t.dtype) for t in tensors),
            torch.is_autocast_enabled("cuda"),
            torch.get_autocast_dtype("cuda"),
        )
        recording = self._recordings.get(key)
        if recording is None:
            recording = self._record(inputs)
            self._recordings[key] = recording
            if len(self._recordings) > _GRAPHS_PER_STAGE:
                self._recordings.popitem(last=False)
        else:
            for kept, tensor in zip(recording.inputs, tensors, strict=True):
                kept.copy_(tensor)
        self._recordings.move_to_end(key)
        recording.graph.replay()
        return _map_tensors(recording.outputs, Tensor.clone)  # the next replay writes over its outputs

    def _record(self, inputs: Any) -> _Recording:
        kept = _map_tensors(inputs, lambda t: t.contiguous().clone())
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM_UPS):
                self._stage(*kept)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            outputs = self._stage(*kept)
        return _Recording(graph, _tensors(kept), outputs)


def _map_tensors(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """`value` with every tensor changed, through tuples and dataclasses."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_map_tensors(item, change) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _map_tensors(getattr(value, f.name), change) for f in dataclasses.fields(value)}
        return type(value)(**fields)
    return value


def _tensors(value: Any) -> list[Tensor]:
    """Every tensor in `value`, in order."""
    found: list[Tensor] = []

    def note(tensor: Tensor) -> Tensor:
        found.append(tensor)
        return tensor

    _map_tensors(value, note)
    return found
