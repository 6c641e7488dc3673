"""Embeddings on disk: written, read, damaged, rebuilt."""

from __future__ import annotations

import dataclasses
import os
import pickle
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ssp_sam_training.embeddings import DamagedRecordError, EmbeddingStore, StoreError, StoreInfo
from ssp_sam_training.embeddings.layout import Entry, Shard, shards_in
from ssp_sam_training.embeddings.writer import ShardWriter, open_folder, repair

SHAPE = (4, 3, 5)
RECORD = 2 * 4 * 3 * 5


def key_of(number: int) -> str:
    return f"{number:064x}"


def embedding(number: int) -> np.ndarray:
    return np.random.default_rng(number).normal(size=SHAPE).astype(np.float16)


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 0x10
    path.write_bytes(content)


def rewrite(folder: Path, info: StoreInfo, rank: int = 0) -> list[int]:
    """Write what the store lacks of the first ten; returns what that was."""
    lacking = [n for n in range(10) if key_of(n) not in EmbeddingStore(folder)]
    with ShardWriter(folder, info, rank, shard_bytes=4 * RECORD) as writer:
        for number in lacking:
            writer.write([key_of(number)], embedding(number)[None])
    return lacking


def assert_whole(folder: Path) -> None:
    store = EmbeddingStore(folder)
    assert len(store) == 12 and not store.problems
    for number in range(12):
        np.testing.assert_array_equal(store.get(key_of(number)), embedding(number))


def test_what_was_written_is_read(store_folder: Path, info: StoreInfo) -> None:
    assert [shard.name for shard in shards_in(store_folder)] == [
        "r000-00000", "r000-00001", "r000-00002", "r001-00000",
    ]  # fmt: skip
    assert (store_folder / "r000-00000.f16").stat().st_size == 4 * RECORD
    assert_whole(store_folder)
    store = EmbeddingStore.open(store_folder.parent)
    assert store.info == info
    one = store.get(key_of(3))
    assert one.dtype == np.float16 and not one.flags.writeable
    batch = store.batch([key_of(3), key_of(11)])
    assert batch.dtype == torch.float16 and batch.shape == (2, *SHAPE)
    assert torch.equal(batch[1], torch.from_numpy(embedding(11)))
    assert store.missing([key_of(1), key_of(99)]) == [key_of(99)]
    with pytest.raises(KeyError, match=r"no embedding of picture 0+63 .*run training/precompute\.py"):
        store.get(key_of(99))


def test_a_store_travels_to_another_process(store_folder: Path) -> None:
    store = EmbeddingStore.open(store_folder)
    store.get(key_of(0))
    copy = pickle.loads(pickle.dumps(store))
    np.testing.assert_array_equal(copy.get(key_of(0)), embedding(0))


def test_a_flipped_bit_is_named_and_made_good(store_folder: Path, info: StoreInfo) -> None:
    flip(store_folder / "r000-00001.f16", 2 * RECORD + 7)  # picture 6
    store = EmbeddingStore(store_folder)
    with pytest.raises(DamagedRecordError, match=r"r000-00001\.f16: record 2 \(picture 0+6\).*--verify"):
        store.get(key_of(6))
    np.testing.assert_array_equal(store.get(key_of(5)), embedding(5))
    EmbeddingStore(store_folder, verify=False).get(key_of(6))  # not asked to look
    assert repair(store_folder, info) == ["r000-00001.f16: 1 records have another checksum"]
    assert rewrite(store_folder, info) == [6]
    assert (store_folder / "r000-00001.f16").stat().st_size == 4 * RECORD  # into its old place
    assert_whole(store_folder)
    assert repair(store_folder, info) == []


def test_a_shard_cut_short_is_named_and_made_good(store_folder: Path, info: StoreInfo) -> None:
    os.truncate(store_folder / "r000-00000.f16", 2 * RECORD + 1)
    store = EmbeddingStore(store_folder)
    assert store.problems == ["r000-00000.f16: cut short, 2 records are missing"]
    assert store.missing(map(key_of, range(10))) == [key_of(2), key_of(3)]
    assert repair(store_folder, info) == ["r000-00000.f16: cut short, 2 records are missing"]
    assert rewrite(store_folder, info) == [2, 3]
    assert_whole(store_folder)


def test_a_lost_shard_is_made_good(store_folder: Path, info: StoreInfo) -> None:
    (store_folder / "r000-00001.f16").unlink()
    assert EmbeddingStore(store_folder).problems == ["r000-00001.f16: cut short, 4 records are missing"]
    assert rewrite(store_folder, info) == [4, 5, 6, 7]
    assert_whole(store_folder)


def test_a_damaged_index_is_named_and_made_good(store_folder: Path, info: StoreInfo) -> None:
    flip(store_folder / "r000-00002.idx", 20)
    assert EmbeddingStore(store_folder).problems == ["r000-00002.idx: 1 damaged lines"]
    assert repair(store_folder, info) == ["r000-00002.idx: 1 damaged lines"]
    assert rewrite(store_folder, info) == [8]
    assert_whole(store_folder)


@pytest.mark.parametrize("cut", [1, 40, 85])
def test_half_a_line_at_the_end_is_free_space(store_folder: Path, info: StoreInfo, cut: int) -> None:
    path = store_folder / "r000-00002.idx"
    path.write_bytes(path.read_bytes()[:-cut])
    assert rewrite(store_folder, info) == ([9] if cut > 1 else [])  # the newline alone says nothing
    assert_whole(store_folder)


def test_repair_takes_its_share(store_folder: Path, info: StoreInfo) -> None:
    flip(store_folder / "r000-00000.f16", 0)
    flip(store_folder / "r001-00000.f16", 0)
    assert repair(store_folder, info) == [
        "r000-00000.f16: 1 records have another checksum",
        "r001-00000.f16: 1 records have another checksum",
    ]


WRITER = """
import sys
import numpy as np
from pathlib import Path
from ssp_sam_training.embeddings import StoreInfo
from ssp_sam_training.embeddings.writer import ShardWriter
folder = Path(sys.argv[1])
info = StoreInfo.load(folder)
with ShardWriter(folder, info, 7, shard_bytes=100 * info.record_bytes) as writer:
    for number in range(1000, 100000):
        one = np.random.default_rng(number).normal(size=(1, *info.shape)).astype(np.float16)
        writer.write([f"{number:064x}"], one)
        print(number, flush=True)
"""


def test_killed_at_any_moment_the_store_stays_valid(store_folder: Path, info: StoreInfo) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(store_folder)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        reported = [int(process.stdout.readline()) for _ in range(5)]
        with pytest.raises(StoreError, match="another process writes as rank 7"):
            ShardWriter(store_folder, info, 7)
        process.send_signal(signal.SIGKILL)
        reported += [int(line) for line in process.stdout]
    store = EmbeddingStore(store_folder)
    for number in reported:  # what it said was written is there
        np.testing.assert_array_equal(store.get(key_of(number)), embedding(number))
    last = max(reported) + 1
    with ShardWriter(store_folder, info, 7, shard_bytes=100 * RECORD) as writer:
        writer.write([key_of(last)], embedding(last)[None])
    store = EmbeddingStore(store_folder)
    np.testing.assert_array_equal(store.get(key_of(last)), embedding(last))
    assert repair(store_folder, info) == []


def test_a_full_disk_leaves_a_valid_store(
    store_folder: Path, info: StoreInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with ShardWriter(store_folder, info, 0, shard_bytes=4 * RECORD) as writer, monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space left"):
            writer.write([key_of(50)], embedding(50)[None])
    assert key_of(50) not in EmbeddingStore(store_folder)
    assert_whole(store_folder)


def test_what_cannot_be_kept_is_refused(store_folder: Path, info: StoreInfo) -> None:
    bad = embedding(1)
    bad[0, 0, 0] = np.inf
    with ShardWriter(store_folder, info) as writer:
        with pytest.raises(StoreError, match=r"picture 0+63 is not finite"):
            writer.write([key_of(99)], bad[None])
        with pytest.raises(StoreError, match=r"embeddings of \(1, 2\)"):
            writer.write([key_of(99)], np.zeros((1, 2), np.float16))


def test_embeddings_of_another_kind_do_not_mix(store_folder: Path, info: StoreInfo) -> None:
    cache = store_folder.parent
    with pytest.raises(StoreError, match=r"in float32, .*would be .* in bfloat16.*the same --dtype"):
        open_folder(cache, dataclasses.replace(info, precision="bfloat16"))
    other = dataclasses.replace(info, encoder_digest="cd" * 32)
    assert open_folder(cache, other) != store_folder
    with pytest.raises(StoreError, match="several encoders, say which; it has small abab"):
        EmbeddingStore.open(cache)
    assert EmbeddingStore.open(cache, info.encoder_digest).folder == store_folder
    with pytest.raises(StoreError, match="no embeddings of encoder efef"):
        EmbeddingStore.open(cache, "ef" * 32)
    with pytest.raises(StoreError, match="has no embeddings: make them"):
        EmbeddingStore.open(cache / "nothing")


@pytest.mark.parametrize("text", ["{", "{}", '{"format": "else", "version": 1}'])
def test_a_damaged_description_is_named(store_folder: Path, text: str) -> None:
    (store_folder / "store.json").write_text(text)
    with pytest.raises(StoreError, match=r"store\.json (cannot be read|is of format)"):
        EmbeddingStore(store_folder)


@settings(deadline=None)
@given(st.integers(0, 10**8 - 1), st.binary(min_size=32, max_size=32), st.integers(0, 2**32 - 1), st.data())
def test_a_line_with_any_byte_changed_is_no_entry(
    slot: int, key: bytes, crc: int, data: st.DataObject
) -> None:
    entry = Entry(slot, key.hex(), crc)
    line = entry.line()[:-1]
    assert Entry.parse(line) == entry
    place = data.draw(st.integers(0, len(line) - 1))
    changed = bytearray(line)
    changed[place] ^= data.draw(st.integers(1, 255))
    assert Entry.parse(bytes(changed)) is None


def test_other_files_are_no_shards(store_folder: Path) -> None:
    (store_folder / "notes.idx").write_text("mine")
    assert len(shards_in(store_folder)) == 4
    assert Shard(store_folder, 12, 3).name == "r012-00003"
