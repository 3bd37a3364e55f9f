"""Errors of the client, with the codes that the server uses for the same mistakes."""

from __future__ import annotations


class UrlError(ValueError):
    """A URL that cannot be made. ``code`` is stable; ``param`` names the argument or setting, if there is one."""

    code = "bad_request"

    def __init__(self, message: str, param: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class InvalidParameter(UrlError):
    """A value of the wrong type, or out of bounds."""

    code = "invalid_parameter"


class UnknownParameter(UrlError):
    """A name that no parameter has."""

    code = "unknown_parameter"


class RepeatedParameter(UrlError):
    """The same parameter by two names."""

    code = "repeated_parameter"


class MissingParameter(UrlError):
    """An argument that is needed beside others."""

    code = "missing_parameter"


class ConflictingParameters(UrlError):
    """Arguments that contradict each other."""

    code = "conflicting_parameters"


class InvalidSetting(UrlError):
    """An address, a key or another option with which no client can work."""

    code = "invalid_setting"
