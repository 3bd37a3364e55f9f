"""No exception of the HTTP client gets past the adapter under its own name."""

import errno
import socket
import ssl
from collections.abc import Iterator

import aiohttp
import pytest
from aiohttp import client_exceptions, http_exceptions

from pixmill.errors import (
    AddressForbidden,
    InternalError,
    SourceBadResponse,
    SourceError,
    SourceTimeout,
    SourceUnreachable,
)
from pixmill.sources.errors import translate_errors
from pixmill.sources.http.connections import AddressRefused, ConnectionLost
from pixmill.sources.http.errors import HTTP_ERROR_TYPES, check_complete, is_retryable


def descendants(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for child in kind.__subclasses__():
        yield from descendants(child)


def blank(kind: type[Exception]) -> Exception:
    """An exception of this kind that needs no arguments; the constructors differ too much to call them."""
    plain = type(kind.__name__, (kind,), {"__init__": lambda _self: None, "__repr__": lambda _self: kind.__name__})
    made: Exception = plain()
    return made


FOREIGN = {
    *descendants(client_exceptions.ClientError),
    *descendants(http_exceptions.HttpProcessingError),
    *(socket.gaierror, ssl.SSLError, ssl.SSLCertVerificationError, ConnectionResetError, BrokenPipeError),
    *(TimeoutError, UnicodeError, UnicodeEncodeError, ValueError, OSError, RuntimeError, AddressRefused),
}


@pytest.mark.parametrize("kind", sorted(FOREIGN, key=repr))
def test_every_exception_of_the_client_has_a_name_here(kind: type[Exception]) -> None:
    foreign = blank(kind)
    with pytest.raises(SourceError) as caught, translate_errors(HTTP_ERROR_TYPES):
        raise foreign
    assert caught.value.__cause__ is foreign
    assert isinstance(caught.value, SourceTimeout) is isinstance(foreign, TimeoutError)


def test_the_list_above_is_not_empty_and_has_the_ones_that_matter() -> None:
    assert len(FOREIGN) > 40
    assert {aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, aiohttp.ClientConnectorDNSError} <= FOREIGN


def test_a_defect_of_ours_is_not_blamed_on_the_source() -> None:
    with pytest.raises(KeyError), translate_errors(HTTP_ERROR_TYPES):
        raise KeyError
    with pytest.raises(InternalError), translate_errors(HTTP_ERROR_TYPES):
        raise InternalError


def _refused() -> Exception:
    """As it arrives: the refusal inside an OSError inside aiohttp's own."""
    wrapped = AddressRefused("10.0.0.1")
    wrapped.__cause__ = AddressForbidden(detail="10.0.0.1")
    outer = blank(aiohttp.ClientConnectorError)
    outer.__cause__ = wrapped
    return outer


def test_a_refused_address_keeps_its_name_through_all_wrappings_and_is_not_tried_again() -> None:
    with (
        pytest.raises(AddressForbidden, check=lambda error: error.detail == "10.0.0.1"),
        translate_errors(HTTP_ERROR_TYPES),
    ):
        raise _refused()
    assert not is_retryable(_refused())


@pytest.mark.parametrize(
    ("kind", "again"),
    [
        (aiohttp.ClientConnectorError, True),
        (aiohttp.ClientConnectorDNSError, False),  # the resolver has asked several times; it remembers the failure
        (ConnectionLost, True),
        (aiohttp.ClientConnectorCertificateError, False),
        (aiohttp.ClientConnectorSSLError, False),
        (aiohttp.ClientPayloadError, False),
        (aiohttp.ConnectionTimeoutError, False),
        (aiohttp.ClientResponseError, False),
        (TimeoutError, False),
    ],
)
def test_only_faults_of_the_connection_are_tried_again(kind: type[Exception], *, again: bool) -> None:
    assert is_retryable(blank(kind)) is again


def test_what_strangers_sent_does_not_fill_the_log() -> None:
    with pytest.raises(SourceUnreachable) as caught, translate_errors(HTTP_ERROR_TYPES):
        raise OSError(errno.EIO, "x" * 10_000)
    assert len(caught.value.detail) == 500


def test_every_status_is_decided() -> None:
    good = []
    for status in range(100, 1000):
        try:
            check_complete(status, {})
        except SourceError as failure:
            assert str(status) in failure.detail  # noqa: PT017 - all are looked at, not one
        else:
            good.append(status)
    assert good == [status for status in range(200, 300) if status not in {204, 205}]
    with pytest.raises(SourceBadResponse):
        check_complete(206, {"Content-Range": "bytes 0-9/20"})
