from __future__ import annotations

from dataclasses import dataclass
from threading import Thread

import numpy as np
import pytest

from ssp_sam_ros.perception.caches import ByteBoundedCache, picture_identity


@dataclass
class Item:
    nbytes: int


def test_the_least_recently_used_goes_first():
    cache = ByteBoundedCache(30)
    a, b, c = Item(10), Item(10), Item(15)
    cache.put("a", a)
    cache.put("b", b)
    assert cache.get("a") is a
    cache.put("c", c)
    assert cache.get("b") is None
    assert cache.get("a") is a and cache.get("c") is c


def test_it_counts():
    cache = ByteBoundedCache(30)
    cache.put("a", Item(10))
    cache.put("a", Item(20))
    cache.get("a")
    cache.get("b")
    stats = cache.stats()
    assert (stats.hits, stats.misses, stats.entries, stats.nbytes, stats.capacity) == (1, 1, 1, 20, 30)
    cache.clear()
    assert cache.stats().entries == cache.stats().nbytes == 0


def test_what_is_too_large_is_not_kept_and_displaces_nothing_else():
    cache = ByteBoundedCache(30)
    a = Item(10)
    cache.put("a", a)
    cache.put("b", Item(31))
    assert cache.get("b") is None and cache.get("a") is a
    cache.put("a", Item(31))
    assert cache.get("a") is None and cache.stats().nbytes == 0


def test_a_single_value_can_be_dropped():
    cache = ByteBoundedCache(30)
    cache.put("a", Item(10))
    cache.put("b", Item(10))
    cache.drop("a")
    cache.drop("never there")
    assert cache.get("a") is None and cache.get("b") is not None
    assert cache.stats().nbytes == 10


def test_no_capacity_keeps_nothing():
    cache = ByteBoundedCache(0)
    cache.put("a", Item(1))
    assert cache.get("a") is None
    with pytest.raises(ValueError, match="-1"):
        ByteBoundedCache(-1)


def test_threads_keep_the_books_straight():
    cache = ByteBoundedCache(100)

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for key in rng.integers(0, 40, 2000).tolist():
            if cache.get(key) is None:
                cache.put(key, Item(key))

    threads = [Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = cache.stats()
    assert stats.hits + stats.misses == 8000
    assert stats.nbytes <= 100
    assert stats.nbytes == sum(key for key in range(40) if cache.get(key) is not None)


def test_identity_of_pictures(picture):
    assert picture_identity(picture, None) == picture_identity(picture.copy(), None)
    other = picture.copy()
    other[0, 0, 0] ^= 1
    assert picture_identity(other, None) != picture_identity(picture, None)
    assert picture_identity(other, ("left", 7)) == picture_identity(picture, ("left", 7))
    assert picture_identity(picture, "k") != picture_identity(picture, None)
    flat = picture.reshape(picture.shape[1], picture.shape[0], 3)
    assert picture_identity(flat, None) != picture_identity(picture, None)
    assert picture_identity(flat, "k") != picture_identity(picture, "k")
