"""A real name server on loopback, by UDP and TCP, in its own thread, that misbehaves on demand.

    with NameServer() as names:
        names.serve("good.test", "127.0.0.1", ttl=60)
        names.hang("*.hang.test")
        resolve_by(names.address)
        assert names.count("good.test") == 1

A name that was not told of does not exist. ``*.`` stands for any labels before a domain.
"""

import asyncio
import contextlib
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.servers.connections import Connections
from tests.servers.ports import free_port

_UDP_BYTES = 1232
_KINDS = {dns.rdatatype.A: ".", dns.rdatatype.AAAA: ":"}


@dataclass
class Zone:
    """What to say of a name: one set of addresses after the other, the last for ever, or another name; how badly."""

    turns: list[tuple[str, ...]] = field(default_factory=list)
    alias: str = ""
    ttl: int = 60
    wait_s: float = 0
    silent: bool = False
    silent_kind: str = ""
    code: dns.rcode.Rcode = dns.rcode.NOERROR
    padding: int = 0
    """Additional records, to make the answer large."""

    wires: dict[tuple[str, int, int], bytes] = field(default_factory=dict)
    """Answers made before: thousands of addresses take a second."""


class NameServer:
    """Answers questions for addresses. ``questions`` counts them by name, those for IPv4 addresses alone."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port or free_port()
        self.questions: Counter[str] = Counter()
        self._zones: dict[str, Zone] = {}
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="names", daemon=True)

    # ------------------------------------------------------------ what tests say

    @property
    def address(self) -> str:
        """The value of ``PIXMILL_DNS_SERVERS``."""
        return f"{self.host}:{self.port}"

    def serve(self, name: str, *addresses: str, ttl: int = 60, wait_s: float = 0, padding: int = 0) -> None:
        self._zones[name] = Zone([addresses], ttl=ttl, wait_s=wait_s, padding=padding)

    def rebind(self, name: str, *turns: tuple[str, ...], ttl: int = 0) -> None:
        """A set of addresses for each question, the last one for ever."""
        self._zones[name] = Zone(list(turns), ttl=ttl)

    def alias(self, name: str, target: str, ttl: int = 60) -> None:
        self._zones[name] = Zone(alias=target, ttl=ttl)

    def hang(self, name: str, kind: str = "") -> None:
        """Never answer; with ``kind`` (A or AAAA), not these questions."""
        self._zones[name] = Zone([("127.0.0.1",)], silent=not kind, silent_kind=kind)

    def fail(self, name: str, code: str) -> None:
        """Answer with a code, such as SERVFAIL or REFUSED."""
        self._zones[name] = Zone(code=dns.rcode.from_text(code))

    def forget(self, name: str) -> None:
        del self._zones[name]

    def count(self, name: str) -> int:
        return self.questions[name]

    def wait_for(self, met: Callable[[], bool], within_s: float = 30) -> None:
        """Wait until questions have come that meet this."""
        with self._changed:
            assert self._changed.wait_for(met, within_s), dict(self.questions)

    # ------------------------------------------------------------ the server

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        transport, _ = await self._loop.create_datagram_endpoint(
            lambda: _Datagrams(self), local_addr=(self.host, self.port)
        )
        connections = Connections(self._serve_stream)
        streams = await asyncio.start_server(connections.accept, self.host, self.port)
        self._ready.set()
        await self._stop.wait()
        transport.close()
        await connections.stop(streams)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                reply = await self.reply(await reader.readexactly(length), 65_535)
                if reply:
                    writer.write(struct.pack("!H", len(reply)) + reply)
                    await writer.drain()

    def answer_datagram(self, wire: bytes, send: Callable[[bytes], None]) -> None:
        async def answer() -> None:
            reply = await self.reply(wire, _UDP_BYTES)
            if reply:
                send(reply)

        task = self._loop.create_task(answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def reply(self, wire: bytes, max_bytes: int) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        zone = self._zone(name)
        if question.rdtype == dns.rdatatype.A:
            with self._changed:
                self.questions[name] += 1
                self._changed.notify_all()
        if zone and (zone.silent or zone.silent_kind == dns.rdatatype.to_text(question.rdtype)):
            return None
        if zone and zone.wait_s:
            await asyncio.sleep(zone.wait_s)
        if zone is None or zone.alias or len(zone.turns) > 1:
            return self._answer(query, name, question.rdtype, max_bytes)
        key = question.name.to_text(), question.rdtype, max_bytes
        if key not in zone.wires:
            zone.wires[key] = self._answer(query, name, question.rdtype, max_bytes)
        return wire[:2] + zone.wires[key][2:]

    def _answer(self, query: dns.message.Message, name: str, kind: dns.rdatatype.RdataType, max_bytes: int) -> bytes:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        self._fill(response, name, kind)
        try:
            return response.to_wire(max_size=max_bytes)
        except dns.exception.TooBig:
            short = dns.message.make_response(query)
            short.flags |= dns.flags.TC | dns.flags.RA
            return short.to_wire()

    def _zone(self, name: str) -> Zone | None:
        labels = name.split(".")
        stars = ("*." + ".".join(labels[cut:]) for cut in range(1, len(labels)))
        return next((self._zones[key] for key in (name, *stars) if key in self._zones), None)

    def _fill(self, response: dns.message.Message, name: str, kind: dns.rdatatype.RdataType) -> None:
        zone = self._zone(name)
        while zone and zone.alias:
            response.answer.append(dns.rrset.from_text(name + ".", zone.ttl, "IN", "CNAME", zone.alias + "."))
            name, zone = zone.alias, self._zone(zone.alias)
        if zone is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
            return
        response.set_rcode(zone.code)
        is_last_question = kind == dns.rdatatype.A
        turn = zone.turns.pop(0) if len(zone.turns) > 1 and is_last_question else (zone.turns or [()])[0]
        fitting = [address for address in turn if (":" in address) == (kind == dns.rdatatype.AAAA)]
        if fitting and kind in _KINDS:
            response.answer.append(dns.rrset.from_text_list(name + ".", zone.ttl, "IN", kind, fitting))
        for number in range(zone.padding):
            text = f'"{number:0>200}"'
            response.additional.append(dns.rrset.from_text(f"pad{number}.{name}.", zone.ttl, "IN", "TXT", text))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, names: NameServer) -> None:
        self._names = names
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        transport = self._transport
        assert transport is not None
        self._names.answer_datagram(
            data, lambda reply: None if transport.is_closing() else transport.sendto(reply, addr)
        )
