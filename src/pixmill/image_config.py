"""The settings that images need without a server: sources, stores and engine. Knows none of HTTP or of a cache."""

from pixmill.engine.config import EngineConfig
from pixmill.sources.config import SourcesConfig
from pixmill.storage.config import StorageConfig


class ImageConfig(SourcesConfig, StorageConfig, EngineConfig):
    """What ``parts.py`` builds stores, sources and engine from."""
