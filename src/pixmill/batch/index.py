"""The originals of a batch, on disk while it runs: sorted, each once, in memory of constant size.

Knows names and digests. Must never know stores or images. SQLite sorts in files (stdlib; `cache_size` and `temp_store`,
https://www.sqlite.org/pragma.html).
"""

import sqlite3
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pixmill.batch.locations import Item

DIGEST_BYTES: Final = 12
"""Of the digests of a journal. Among 10^9 originals, two have the same one with a probability of 10^-11."""

_CACHE_KIB: Final = 8192
_ROWS: Final = 1_000
_SCHEMA: Final = """
CREATE TABLE locations (location TEXT PRIMARY KEY);
CREATE TABLE listed (location INTEGER, path TEXT, name TEXT, validator TEXT);
CREATE TABLE done (digest BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE targets (digest INTEGER);
CREATE TABLE possible (digest INTEGER);
CREATE TABLE endangered (digest INTEGER);
"""


def digest_of(item: Item) -> bytes:
    """Return what a journal knows an original by: its URL, and the version that the listing saw."""
    text = f"{item.url}\n{item.validator}"
    return blake2b(text.encode(errors="surrogatepass"), digest_size=DIGEST_BYTES).digest()


def machine_of(item: Item, count: int) -> int:
    """Return which of ``count`` machines an original belongs to: the same in every listing."""
    digest = blake2b(item.url.encode(errors="surrogatepass"), digest_size=8, person=b"machine").digest()
    return int.from_bytes(digest) % count


class Index:
    """Originals, those that are done, and digests of the names of results."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="pixmill-batch-", ignore_cleanup_errors=True)
        self._db = sqlite3.connect(Path(self._folder.name, "index"), isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{_CACHE_KIB}", "temp_store=FILE"):
            self._db.execute(f"PRAGMA {pragma}").close()
        self._db.executescript(_SCHEMA)
        self._locations: dict[str, int] = {}
        self._rows: list[tuple[int, str, str | None, str]] = []
        self._is_sorted = False

    def add(self, item: Item) -> None:
        """Add an original, before ``items`` is called for the first time."""
        name = None if item.name == item.path else item.name
        self._rows.append((self._location_id(item.location), item.path, name, item.validator))
        if len(self._rows) >= _ROWS:
            self._flush()

    def items(self) -> Iterator[Item]:
        """Yield every original once, in the order of locations and paths."""
        self._sort()
        locations = {number: location for location, number in self._locations.items()}
        last: tuple[int, str] | None = None
        for location, path, name, validator in self._db.execute(
            "SELECT location, path, name, validator FROM originals"
        ):
            if (location, path) != last:
                last = location, path
                yield Item(locations[location], path, name or path, validator)

    def add_done(self, digests: Iterable[bytes]) -> None:
        """Add originals that need nothing any more, by ``digest_of``."""
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR IGNORE INTO done VALUES (?)", ((digest,) for digest in digests))
        self._db.execute("COMMIT")

    def count_done(self) -> int:
        """Return how many digests were added; not all of them need be of originals that are listed."""
        return int(self._db.execute("SELECT count(*) FROM done").fetchone()[0])

    def is_done(self, item: Item) -> bool:
        return self._db.execute("SELECT 1 FROM done WHERE digest = ?", (digest_of(item),)).fetchone() is not None

    def add_targets(self, names: Iterable[str]) -> None:
        """Add the names of results, for ``duplicate_targets``."""
        self._add_digests("targets", names)

    def add_possible(self, names: Iterable[str]) -> None:
        """Add names that results may have whose ending is not known yet, for ``overwritten``."""
        self._add_digests("possible", names)

    def add_endangered(self, names: Iterable[str]) -> None:
        """Add the names of originals that are where results go, for ``overwritten``."""
        self._add_digests("endangered", names)

    def overwritten(self) -> set[int]:
        """Return digests, at most a hundred, of originals that have the name of a result."""
        query = (
            "SELECT digest FROM endangered WHERE digest IN (SELECT digest FROM targets) "
            "OR digest IN (SELECT digest FROM possible) LIMIT 100"
        )
        if self._db.execute("SELECT 1 FROM endangered LIMIT 1").fetchone() is None:
            return set()
        return {int(digest) for (digest,) in self._db.execute(query)}

    def duplicate_targets(self) -> set[int]:
        """Return digests, at most a hundred, that were added more than once."""
        query = "SELECT digest FROM targets GROUP BY digest HAVING count(*) > 1 LIMIT 100"
        return {int(digest) for (digest,) in self._db.execute(query)}

    def close(self) -> None:
        self._db.close()
        self._folder.cleanup()

    def _add_digests(self, table: str, names: Iterable[str]) -> None:
        rows = ((target_digest(name),) for name in names)
        self._db.execute("BEGIN")
        self._db.executemany(f"INSERT INTO {table} VALUES (?)", rows)  # noqa: S608 - a name of the schema
        self._db.execute("COMMIT")

    def _location_id(self, location: str) -> int:
        return self._locations.setdefault(location, len(self._locations))

    def _flush(self) -> None:
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO listed VALUES (?, ?, ?, ?)", self._rows)
        self._db.execute("COMMIT")
        self._rows.clear()

    def _sort(self) -> None:
        if self._is_sorted:
            return
        self._flush()
        self._db.execute("CREATE TABLE originals AS SELECT * FROM listed ORDER BY location, path")
        self._db.execute("DROP TABLE listed")
        self._is_sorted = True


def target_digest(name: str) -> int:
    """Return a signed number of 64 bits, as SQLite stores it."""
    digest = blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
