"""Reaches a web origin step by step, as a fetch does: resolve, check addresses, connect, TLS.

Connects to no address that the guard rejects.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from yarl import URL

from pixmill.doctor.report import Outcome, Step
from pixmill.doctor.stages import Stages
from pixmill.errors import AddressForbidden, SourceBusy
from pixmill.settings import Settings
from pixmill.sources.addresses import FORBIDDEN, check_address
from pixmill.sources.names.client import NameNotFound
from pixmill.sources.names.lookup import Lookup

_UNREACHABLE: Final = "source_unreachable"
_NEVER_ALLOW: Final = ip_network("169.254.0.0/16")
"""Metadata services of clouds give credentials to all processes that send a request there."""

_CERTIFICATE_ADVICE: Final[dict[int, str]] = {
    9: "the certificate is valid from a later date on: is the clock of this machine right?",
    10: "renew the certificate of the origin",
    18: "the certificate is self-signed: give the origin one of a public authority, or trust it through SSL_CERT_FILE",
    19: "trust the authority of the origin: SSL_CERT_FILE names a file with certificates",
    20: "the origin does not send its intermediate certificates, or its authority is private: SSL_CERT_FILE names a "
    "file with certificates to trust",
    62: "the certificate is for another name: request the image under that name",
}
"""By the error of the check (X509_V_ERR_…, x509_vfy.h)."""


@dataclass(frozen=True, slots=True)
class OriginProbe:
    """Reaches origins. ``lookup`` resolves names as the server does."""

    settings: Settings
    lookup: Lookup
    stages: Stages

    async def reach(self, text: str) -> None:
        """Report the steps to the origin of a URL. Raises Failed."""
        url = URL(text, encoded=True)
        host, port = url.raw_host or "", url.port or 80
        addresses = await self._resolve(host, port)
        connection = await self._connect(self._allowed(addresses), port)
        with closing(connection):
            if url.scheme == "https":
                await self._start_tls(connection, host)

    async def _resolve(self, host: str, port: int) -> Sequence[str]:
        if _is_address(host):
            return (host,)
        servers = self.settings.dns_servers or "those of /etc/resolv.conf"
        with self.stages.timed("resolve") as stage:
            try:
                async with asyncio.timeout(self.settings.source_connect_timeout_s):
                    addresses = await self.lookup(host, port)
            except NameNotFound as error:
                raise stage.failed(f"{host} does not exist, or has no address", _UNREACHABLE, _NAME_ADVICE) from error
            except TimeoutError as error:
                text = f"no name server answered for {host}"
                raise stage.failed(
                    text, "source_timeout", f"PIXMILL_DNS_SERVERS names servers, now {servers}"
                ) from error
            except (OSError, SourceBusy) as error:
                text = f"the name servers failed for {host}: {error}"
                raise stage.failed(text, _UNREACHABLE, f"PIXMILL_DNS_SERVERS names servers, now {servers}") from error
            stage.text = f"{host} is at {', '.join(addresses)}"
        return addresses

    def _allowed(self, addresses: Sequence[str]) -> Sequence[str]:
        policy = self.settings.address_policy()
        rejected = []
        for address in addresses:
            try:
                check_address(address, policy)
            except AddressForbidden:
                rejected.append(address)
        allowed = [address for address in addresses if address not in rejected]
        if not allowed:
            text = "; ".join(f"{address} is not allowed: {describe_address(address)}" for address in rejected)
            advice = tuple(filter(None, map(self._address_advice, rejected)))
            code = "address_forbidden" if _is_address(addresses[0]) and len(addresses) == 1 else _UNREACHABLE
            raise self.stages.fail("address", text, code, *advice)
        text = f"{', '.join(allowed)}: allowed"
        if rejected:
            text += f"; {', '.join(rejected)}: left out"
        self.stages.report(Step("address", text, outcome=Outcome.WARNING if rejected else Outcome.OK))
        return allowed

    def _address_advice(self, address: str) -> str:
        try:
            parsed = ip_address(address)
        except ValueError:
            return ""
        if any(parsed in network for network in self.settings.address_policy().denied):
            return "PIXMILL_DENIED_NETWORKS names it"
        if parsed in _NEVER_ALLOW:
            return "clouds give credentials to machines at these addresses: do not allow them"
        network = ip_network(f"{address}/{parsed.max_prefixlen}")
        return f"if this origin is yours, allow it: PIXMILL_ALLOWED_NETWORKS={network}, or its network"

    async def _connect(self, addresses: Sequence[str], port: int) -> socket.socket:
        problems = []
        with self.stages.timed("connect") as stage:
            for address in addresses:
                try:
                    connection = await self._connect_to(address, port)
                except TimeoutError:
                    problems.append(f"{address} port {port} did not answer")
                except OSError as error:
                    problems.append(f"{address} port {port}: {os.strerror(error.errno) if error.errno else error}")
                else:
                    stage.text = "; ".join((*problems, f"{address} port {port}"))
                    return connection
            raise stage.failed("; ".join(problems), _UNREACHABLE, _CONNECT_ADVICE)

    async def _connect_to(self, address: str, port: int) -> socket.socket:
        connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            async with asyncio.timeout(self.settings.source_connect_timeout_s):
                await asyncio.get_running_loop().sock_connect(connection, (address, port))
        except BaseException:
            connection.close()
            raise
        return connection

    async def _start_tls(self, connection: socket.socket, host: str) -> None:
        with self.stages.timed("TLS") as stage:
            try:
                async with asyncio.timeout(self.settings.source_connect_timeout_s):
                    context = ssl.create_default_context()
                    _, writer = await asyncio.open_connection(sock=connection, ssl=context, server_hostname=host)
            except ssl.SSLCertVerificationError as error:
                advice = _CERTIFICATE_ADVICE.get(error.verify_code, _TLS_ADVICE)
                raise stage.failed(
                    f"the certificate is rejected: {error.verify_message}", _UNREACHABLE, advice
                ) from error
            except TimeoutError as error:
                raise stage.failed("the origin does not finish the handshake", "source_timeout", _TLS_ADVICE) from error
            except OSError as error:
                raise stage.failed(f"no TLS: {error.strerror or error}", _UNREACHABLE, _TLS_ADVICE) from error
            stage.text = _describe_tls(writer)
            writer.transport.abort()


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def describe_address(address: str) -> str:
    """Return why the guard rejects an address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "no IP address"
    reasons = (reason for network, reason in FORBIDDEN.items() if parsed in ip_network(network))
    return next(reasons, "not a public address")


def _describe_tls(writer: asyncio.StreamWriter) -> str:
    transport: ssl.SSLObject = writer.get_extra_info("ssl_object")
    certificate = transport.getpeercert() or {}
    until = certificate.get("notAfter", "")
    return f"{transport.version()}, certificate valid until {until}"


_NAME_ADVICE: Final = "check the spelling of the host"
_CONNECT_ADVICE: Final = "check the port, and that no firewall is between this machine and the origin"
_TLS_ADVICE: Final = "is this a port with TLS? Try http://, and `openssl s_client -connect HOST:PORT`"
