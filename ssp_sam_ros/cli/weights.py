"""`ssp-sam weights`: what each variant needs, what is there, what is missing; downloads when told to."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssp_sam_ros.weights.inventory import FileStatus, VariantStatus

HELP = "list the weights files of each variant: needed, there, missing; download them when told to"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        "--variant", action="append", metavar="NAME", help="only this variant, or a variant's JSON file"
    )
    parser.add_argument(
        "--weights-dir",
        action="append",
        type=Path,
        default=[],
        metavar="FOLDER",
        help="look here first, and download to here (default: SSP_SAM_WEIGHTS, then the user's data folder)",
    )
    parser.add_argument("--verify", action="store_true", help="read the files that are there, check digests")
    parser.add_argument("--download", nargs="+", metavar="FILE", help="fetch these files, by name")
    parser.add_argument(
        "--url", help="fetch the one file from here instead: a mirror, or one whose address is not known"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the list, or download; 1 if a file that is there is not what it should be.

    Raises:
        ValueError: for an unknown variant or file, or a download that fails.
    """
    from ssp_sam_ros.weights.folders import weights_folders

    folders = weights_folders(args.weights_dir)
    if args.download:
        from ssp_sam_ros.cli.weights_download import download_files

        for fetched in download_files(args.download, folders, args.url):
            print(json.dumps(fetched) if args.json else "{state}: {path}".format(**fetched), flush=True)
        return 0
    if args.url:
        raise ValueError("--url is the address of a file to fetch: name the file with --download")

    from ssp_sam_ros.network import load_variant, variant_names
    from ssp_sam_ros.weights.inventory import variant_status

    names = args.variant or variant_names()
    variants = [variant_status(load_variant(name), folders, args.verify) for name in names]
    if args.json:
        print(json.dumps(_as_json(variants, folders), indent=1))
    else:
        from ssp_sam_ros.cli.weights_table import describe

        print(describe(variants, _files(variants), folders))
    return 1 if any(status.state.wrong for status in _files(variants)) else 0


def _files(variants: Sequence[VariantStatus]) -> list[FileStatus]:
    """Every file once."""
    found = {
        status.file.name: status
        for variant in variants
        for way in variant.ways
        for need in way.needs
        for status in need.files
    }
    return list(found.values())


def _as_json(variants: Sequence[VariantStatus], folders: Sequence[Path]) -> dict[str, Any]:
    return {
        "folders": [{"path": str(folder), "exists": folder.is_dir()} for folder in folders],
        "variants": [
            {
                "name": variant.name,
                "ready": variant.ready,
                "shipped": None if variant.shipped is None else str(variant.shipped),
                "ways": [
                    {
                        "title": way.title,
                        "ready": way.ready,
                        "needs": [
                            {"title": need.title, "any_of": [status.file.name for status in need.files]}
                            for need in way.needs
                        ],
                    }
                    for way in variant.ways
                ],
            }
            for variant in variants
        ],
        "files": [_file_as_json(status) for status in _files(variants)],
    }


def _file_as_json(status: FileStatus) -> dict[str, Any]:
    file = status.file
    return {
        "name": file.name,
        "holds": file.holds,
        "url": file.url,
        "page": file.page or None,
        "bytes": file.size,
        "sha256": file.sha256,
        "licence": file.licence,
        "state": status.state.value,
        "path": str(status.path),
        "bytes_here": status.size,
        "sha256_here": status.sha256,
    }
