"""What purges cost, and how fast they reach other servers.

python -m benchmarks.purges memory        1,000,000 rules: memory, lookups, and an unrelated entry
python -m benchmarks.purges bucket        one source among 100,000 objects of a SeaweedFS: seconds and requests
python -m benchmarks.purges idle          1 purge a second, a million before: CPU time of an idle server and bytes from Redis
python -m benchmarks.purges everywhere    100 purges, four servers polled every 10 ms: answers that are stale after it
python -m benchmarks.purges disk          one source among 2,000,000 files of a folder: seconds
"""

import asyncio
import json
import random
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any, Final

from PIL import Image

from pixmill.cache.disk.tier import DiskResultTier
from pixmill.cache.format.entry import encode
from pixmill.cache.purge.redis_log import RedisPurgeLog
from pixmill.cache.purge.rules import PurgeRules
from pixmill.cache.purge.selection import PurgeSelection
from pixmill.cache.tiers.object_store import ObjectStoreTier
from pixmill.plan.key import SOURCE_DIGITS, Key, source_digits
from pixmill.plan.purge import PurgeScope, PurgeTarget
from pixmill.plan.purge_rule import rule_of
from pixmill.ports.values import PurgeMatch
from pixmill.storage.config import StorageConfig
from pixmill.storage.factory import open_store
from pixmill.storage.redis import RedisClient
from pixmill.storage.redis_url import RedisTarget
from tests.cache.entries import entry_of, key_of
from tests.servers.pixmill import Pixmill
from tests.servers.redis import RedisServer
from tests.servers.seaweedfs import SeaweedFS

MILLION: Final = 1_000_000
TOKEN: Final = "a token of the operator"
OLD_S: Final = 3_600.0
GIB: Final = 2**30


def memory() -> None:
    """Measure rules in memory."""
    rules, before_kib, started = PurgeRules(), getrusage(RUSAGE_SELF).ru_maxrss, time.process_time()
    for first in range(0, MILLION, 1_000):
        rules.issue(PurgeTarget(PurgeScope.SOURCE, source_of(n)) for n in range(first, first + 1_000))
    print(f"{len(rules):,} rules: {(getrusage(RUSAGE_SELF).ru_maxrss - before_kib) / 1024:.0f} MiB")
    print(f"  a purge: {(time.process_time() - started) / MILLION * 1e6:.1f} µs of CPU")
    print(f"  unrelated entry: {rules.match(('https://b.example/1.jpg',), ('sale',), 0.0).value}")
    started = time.process_time()
    gone = sum(rules.match((source_of(n),), (), 0.0) is PurgeMatch.HARD for n in range(0, MILLION, 10))
    print(f"  a lookup: {(time.process_time() - started) / (MILLION / 10) * 1e6:.1f} µs, {gone:,} of 100,000 gone")


async def bucket(objects: int = 100_000) -> None:
    """Purge one source of a bucket."""
    with SeaweedFS() as server:
        server.make_bucket("purges")
        store = open_store(
            "s3://purges/tier", StorageConfig.model_validate({"stores": {"s": server.named_store("purges")}})
        )
        tier = ObjectStoreTier(store, name="s3", max_entry_bytes=2**20)
        slots = asyncio.Semaphore(32)

        async def put(number: int) -> None:
            async with slots:
                source = source_of(number // 100)
                key = Key(source_digits(source) + key_of(number)[SOURCE_DIGITS:])
                await tier.put(key, entry_of(sources=(source,)))

        await asyncio.gather(*map(put, range(objects)))
        rules = PurgeRules()
        new = rules.issue([PurgeTarget(PurgeScope.SOURCE, source_of(7))])
        requests, started = s3_requests(server), time.perf_counter()
        await tier.purge_log().write(new)
        removed = await tier.purge(PurgeSelection(rules, new))
        seconds = time.perf_counter() - started
        print(
            f"{removed} of {objects:,} objects deleted in {seconds:.2f} s by {s3_requests(server) - requests} requests"
        )
        await store.close()


def s3_requests(server: SeaweedFS) -> int:
    """Return the number of requests that the S3 server has counted."""
    time.sleep(0.1)
    with urllib.request.urlopen(f"http://127.0.0.1:{server.metrics_port}/metrics", timeout=10) as response:
        lines = response.read().decode().splitlines()
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines if line.startswith("SeaweedFS_s3_request_total{"))


def idle(seconds: int = 30) -> None:
    """Measure a server that does nothing but to hear of purges."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        redis = stack.enter_context(RedisServer())
        asyncio.run(fill(redis, MILLION))
        settings: dict[str, Any] = {
            "cache": f"memory://?max_bytes=8MiB,{redis.url}",
            "images": folder,
            "admin_token": TOKEN,
        }
        purger = stack.enter_context(Pixmill(**settings))
        server = stack.enter_context(Pixmill(**settings))
        for rate in (0, 1):
            time.sleep(3)
            cpu_s, sent, started = server.cpu_s(), sent_bytes(redis), time.monotonic()
            for number in range(seconds):
                if rate:
                    purge(purger, sources=[f"new-{number}.jpg"])
                time.sleep(max(0.0, started + number + 1 - time.monotonic()))
            took_s = time.monotonic() - started
            print(
                f"{rate} purges/s: {(server.cpu_s() - cpu_s) / took_s * 1e3:.1f} ms CPU/s, "
                f"{(sent_bytes(redis) - sent) / took_s / 2e3:.1f} kB/s from Redis"
            )


async def fill(redis: RedisServer, count: int) -> None:
    """Log so many purges."""
    client = RedisClient(RedisTarget("127.0.0.1", redis.port))
    log, now = RedisPurgeLog(client, name="redis"), time.time()
    for first in range(0, count, 10_000):
        targets = (PurgeTarget(PurgeScope.SOURCE, source_of(n)) for n in range(first, first + 10_000))
        await log.write([rule_of(target, now) for target in targets])
    await client.close()


def sent_bytes(redis: RedisServer) -> int:
    """Return the bytes that Redis has sent, to both servers together."""
    with redis.client() as client:
        return int(client.info("stats")["total_net_output_bytes"])


def purge(server: Pixmill, **what: list[str]) -> Any:
    """Purge, and return the answer."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    return server.ask("POST", "/admin/purge", headers=headers, data=json.dumps(what).encode()).json()


def everywhere(purges: int = 100, servers: int = 4) -> None:
    """Count answers that are older than a purge that everybody has confirmed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(RedisServer())
        settings: dict[str, Any] = {
            "cache": f"memory://?max_bytes=32MiB,{redis.url}",
            "images": str(folder),
            "admin_token": TOKEN,
            "workers": 1,
            "cache_ttl_s": 3600,
        }
        paint(folder, 0)
        fleet = [stack.enter_context(Pixmill(**settings)) for _ in range(servers)]
        state = {"purged": 0, "stale": 0, "answers": 0}
        done = threading.Event()
        pollers = [threading.Thread(target=poll, args=(server, state, done)) for server in fleet]
        for poller in pollers:
            poller.start()
        durations, unconfirmed = [], 0
        for number in range(1, purges + 1):
            paint(folder, number)
            started = time.perf_counter()
            told = purge(random.choice(fleet), sources=["/a.png"])
            durations.append(time.perf_counter() - started)
            unconfirmed += len(told["unconfirmed"])
            if not told["unconfirmed"]:
                state["purged"] = number
            time.sleep(0.05)
        done.set()
        for poller in pollers:
            poller.join()
        durations.sort()
        print(
            f"{purges} purges, {servers} servers, {state['answers']} answers: {state['stale']} stale, {unconfirmed} unconfirmed"
        )
        print(f"  a purge: median {durations[len(durations) // 2] * 1e3:.0f} ms, worst {durations[-1] * 1e3:.0f} ms")


def paint(folder: Path, number: int) -> None:
    """Write the image of a number: its colour."""
    Image.new("RGB", (8, 8), (number, number, number)).save(folder / "new.png")
    (folder / "new.png").replace(folder / "a.png")


def poll(server: Pixmill, state: dict[str, int], done: threading.Event) -> None:
    """Ask every 10 ms, and count what is older than the purge that was confirmed before the request."""
    while not done.wait(0.01):
        purged = state["purged"]
        body = server.get("/resize", url="a.png", width=1, format="png").body
        state["answers"] += 1
        state["stale"] += number_of(body) < purged


def number_of(body: bytes) -> int:
    """Return the number that an image shows."""
    with Image.open(BytesIO(body)) as image:
        pixel = image.convert("RGB").getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return int(pixel[0])


async def disk(files: int = 2 * MILLION) -> None:
    """Purge one source of a folder."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(files):
            source = source_of(number // 100)
            key = Key(source_digits(source) + key_of(number)[SOURCE_DIGITS:])
            path = Path(folder, key[:2], key)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(encode(key, entry_of(sources=(source,))))
        tier = await DiskResultTier.open(Path(folder), 100 * GIB)
        rules = PurgeRules()
        new = rules.issue([PurgeTarget(PurgeScope.SOURCE, source_of(7))])
        started, cpu_s = time.perf_counter(), time.process_time()
        task = asyncio.create_task(tier.purge(PurgeSelection(rules, new)))
        while list(Path(folder, source_digits(source_of(7))[:2]).glob(source_digits(source_of(7)) + "*")):
            await asyncio.sleep(0.01)
        print(
            f"a source of {files:,} files gone after {time.perf_counter() - started:.2f} s, {time.process_time() - cpu_s:.2f} s of CPU"
        )
        task.cancel()
        await tier.close()


def source_of(number: int) -> str:
    """Return a source."""
    return f"https://a.example/images/{number}.jpg"


def run(work: Callable[[], Any]) -> None:
    """Run a part, which may be a coroutine."""
    found = work()
    if asyncio.iscoroutine(found):
        asyncio.run(found)


if __name__ == "__main__":
    run({"memory": memory, "bucket": bucket, "idle": idle, "everywhere": everywhere, "disk": disk}[sys.argv[1]])
