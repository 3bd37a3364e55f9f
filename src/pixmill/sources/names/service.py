"""Builds the resolver of host names from the settings."""

from pixmill.ports.observe import Observer
from pixmill.sources.config import SourcesConfig
from pixmill.sources.names.client import DnsClient
from pixmill.sources.names.resolver import NameResolver
from pixmill.sources.names.shares import LookupShares


class NameService(NameResolver):
    """The resolver with its client, for the running event loop."""

    def __init__(self, config: SourcesConfig, observer: Observer) -> None:
        self._client = DnsClient(config.name_servers())
        self._lookup_shares = LookupShares(config.dns_lookups, config.dns_lookups_per_domain)
        super().__init__(self._client.query, self._lookup_shares, config.source_connect_timeout_s, observer)

    @property
    def lookups_in_flight(self) -> int:
        """Look-ups in progress, also those that nobody waits for any more."""
        return self._lookup_shares.in_flight

    async def close(self) -> None:
        """End all look-ups and close the client; closing twice is harmless."""
        self._client.close()
        await super().close()
