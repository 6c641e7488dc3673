"""What `ssp-sam weights` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ssp_sam_ros.weights.inventory import FileStatus, Need, VariantStatus


def describe(variants: Sequence[VariantStatus], files: Sequence[FileStatus], folders: Sequence[Path]) -> str:
    """The variants with what each needs, the files one by one, and the folders that were looked in."""
    lines = [line for variant in variants for line in _variant(variant)]
    for status in files:
        if status.file.url or status.file.page or status.size is not None:
            lines += ["", *_file(status)]
    lines += ["", "Looked in, in this order:"]
    lines += [f"  {folder}{'' if folder.is_dir() else ' (does not exist)'}" for folder in folders]
    return "\n".join(lines)


def size_text(size: int | None) -> str:
    """Bytes for people, "size unknown" for None."""
    if size is None:
        return "size unknown"
    return f"{size:,} bytes" + (f" ({size / 2**30:.2f} GiB)" if size >= 2**27 else "")


def _variant(variant: VariantStatus) -> Iterator[str]:
    if variant.shipped is not None:
        yield f"{variant.name}: ready, shipped with the package"
        return
    yield f"{variant.name}: {'ready' if variant.ready else 'NOT READY, needs'}"
    for number, way in enumerate(variant.ways):
        yield f"  {'or ' if number else '   '}{way.title}: {' + '.join(map(_need, way.needs))}"


def _need(need: Need) -> str:
    there = [status for status in need.files if status.state.usable]
    if there:
        return f"{there[0].file.name} ({there[0].state.value})"
    states = dict.fromkeys(status.state.value for status in need.files)
    return f"{' or '.join(status.file.name for status in need.files)} ({', '.join(states)})"


def _file(status: FileStatus) -> Iterator[str]:
    file = status.file
    yield f"{file.name}: {status.state.value}"
    yield f"  holds    {file.holds}; {size_text(file.size)}; {file.licence}"
    yield f"  SHA-256  {file.sha256 or 'unknown'}"
    if status.size is not None:
        yield f"  here     {status.path}, {size_text(status.size)}"
        if status.sha256 not in (None, file.sha256):
            yield f"           SHA-256 {status.sha256}"
    if not status.state.usable:
        if file.url or file.page:
            yield f"  from     {file.url or file.page}"
        yield f"  put at   {status.path}"
        if file.url:
            yield f"  or run   ssp-sam weights --download {file.name}"
