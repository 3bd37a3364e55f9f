"""Entries, keys and a recording observer for the tests of the cache."""

from collections import Counter
from dataclasses import replace
from hashlib import sha256
from random import Random
from time import time

from msgspec import Struct, structs

from pixmill.media import Format
from pixmill.plan.freshness import Lifetime
from pixmill.plan.key import Key
from pixmill.ports.observe import Event, RequestStage
from pixmill.ports.values import Entry, EntryMetadata, OriginalVersion


def key_of(text: object) -> Key:
    return Key(sha256(str(text).encode()).hexdigest())


def body_of(key: Key, size: int) -> bytes:
    """Returns bytes that differ for every key and size."""
    return Random(f"{key}{size}").randbytes(size)


def entry_of(body: bytes = b"pixels", **changes: object) -> Entry:
    """An entry with these fields, wherever in it they are."""
    now = time()
    version = OriginalVersion('W/"origin"')
    meta = EntryMetadata('"0123456789abcdef"', version, Lifetime(now, now + 60, now + 120))
    return changed(Entry(body=body, format=Format.WEBP, width=320, height=200, meta=meta), **changes)


def changed(entry: Entry, **changes: object) -> Entry:
    """The same with these fields instead, wherever in it they are."""

    def pick(kind: type[Struct]) -> dict[str, object]:
        return {name: changes.pop(name) for name in kind.__struct_fields__ if name in changes}

    meta = entry.meta
    version = structs.replace(meta.version, **pick(OriginalVersion))
    lifetime = structs.replace(meta.lifetime, **pick(Lifetime))
    meta = structs.replace(meta, **{"version": version, "lifetime": lifetime, **pick(EntryMetadata)})
    return replace(entry, meta=meta, **changes)  # type: ignore[arg-type]  # the names are those of the fields


class Recorder:
    """Observer that counts events by their labels, and durations by stage."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.stages: Counter[RequestStage] = Counter()

    def observe_duration(self, stage: RequestStage, seconds: float) -> None:
        assert seconds >= 0
        self.stages[stage] += 1

    def increment(self, event: Event, amount: float = 1, **labels: str) -> None:
        self.counts[(event, *labels.values())] += int(amount)

    def lookups(self, tier: str) -> dict[str, int]:
        return {labels[2]: n for labels, n in self.counts.items() if labels[:2] == (Event.CACHE_LOOKUP, tier)}

    def errors(self, tier: str) -> dict[str, int]:
        return {labels[2]: n for labels, n in self.counts.items() if labels[:2] == (Event.CACHE_ERROR, tier)}
