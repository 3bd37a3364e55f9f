"""Bounded dictionaries keep what was written last, within their limit."""

import pytest

from pixmill.runtime.bounded import BoundedDict, SizedDict


def test_the_oldest_entry_is_evicted() -> None:
    entries: BoundedDict[str, int] = BoundedDict(2)
    entries["a"], entries["b"], entries["c"] = 1, 2, 3
    assert list(entries.items()) == [("b", 2), ("c", 3)]


def test_a_write_makes_its_key_the_newest_and_a_read_does_not() -> None:
    entries: BoundedDict[str, int] = BoundedDict(2)
    entries["a"], entries["b"] = 1, 2
    assert entries.get("b") == 2
    entries["a"] = 3
    entries["c"] = 4
    assert dict(entries) == {"a": 3, "c": 4}


def test_nothing_is_kept_without_room() -> None:
    entries: BoundedDict[str, int] = BoundedDict(0)
    entries["a"] = 1
    assert not entries


def test_sizes_are_added_up() -> None:
    entries: SizedDict[str, bytes] = SizedDict(len)
    assert entries.put("a", b"123") is None
    assert entries.put("b", b"12") is None
    assert entries.put("a", b"1") == b"123"
    assert (list(entries.entries), entries.total_bytes) == (["b", "a"], 3)
    assert (entries.pop("b"), entries.pop("b"), entries.total_bytes) == (b"12", None, 1)
    assert (entries.pop_oldest(), entries.total_bytes) == (("a", b"1"), 0)
    with pytest.raises(KeyError):
        entries.pop_oldest()
