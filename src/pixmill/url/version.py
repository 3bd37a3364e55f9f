"""The version, which is that of the server; a test compares them."""

VERSION = "0.2.0"
