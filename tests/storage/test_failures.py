"""Every exception of obstore has a meaning here."""

import inspect

import obstore.exceptions
import pytest
from obstore.exceptions import GenericError

from pixmill.errors import ObjectNotFound, StoreDenied, StoreError, StoreFull, StoreUnavailable
from pixmill.storage.failures import FAILURES, translate


def theirs() -> set[type[Exception]]:
    kinds = [kind for _, kind in inspect.getmembers(obstore.exceptions, inspect.isclass)]
    return {kind for kind in kinds if issubclass(kind, Exception)}


def test_the_map_is_total() -> None:
    assert len(theirs()) >= 12
    assert theirs() <= set(FAILURES)


@pytest.mark.parametrize("kind", sorted(theirs(), key=str), ids=lambda kind: kind.__name__)
def test_what_comes_out_is_ours_with_their_words_in_the_detail_only(kind: type[Exception]) -> None:
    ours = translate(kind("secret place\n\nDebug source:\nmore"))
    assert isinstance(ours, FAILURES[kind])
    assert ours.detail == "secret place"
    assert "secret" not in ours.message


def test_a_class_that_a_later_release_adds_is_a_store_error() -> None:
    class Novel(obstore.exceptions.BaseError):
        pass

    assert type(translate(Novel("new"))) is StoreError


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("listing - Server returned non-2xx status code: 403 Forbidden: <Error/>", StoreDenied),
        ("listing - Server returned non-2xx status code: 401 Unauthorized: ", StoreDenied),
        ("put - Server returned non-2xx status code: 400 Bad Request: ", StoreError),
        ("put - Server returned non-2xx status code: 429 Too Many Requests: ", StoreUnavailable),
        ("put - Server returned non-2xx status code: 503 Slow Down: ", StoreUnavailable),
        ("put - Server returned non-2xx status code: 507 Insufficient Storage: ", StoreFull),
        ("get - HTTP error: error sending request", StoreUnavailable),
    ],
)
def test_a_generic_error_means_what_the_status_in_its_text_says(text: str, kind: type[StoreError]) -> None:
    assert type(translate(GenericError(text))) is kind


@pytest.mark.parametrize("code", ["NoSuchBucket", "ContainerNotFound"])
def test_a_missing_bucket_is_told_from_a_missing_object(code: str) -> None:
    ours = translate(FileNotFoundError(f"Object at location x not found: <Error><Code>{code}</Code></Error>"))
    assert type(ours) is StoreError
    assert "bucket does not exist" in ours.message
    assert type(translate(FileNotFoundError("<Error><Code>NoSuchKey</Code></Error>"))) is ObjectNotFound


def test_signatures_in_urls_are_left_out_of_the_detail() -> None:
    ours = translate(GenericError("GET https://me.blob.core.windows.net/c/x?sv=1&sig=hush failed"))
    assert ours.detail == "GET https://me.blob.core.windows.net/c/x?… failed"
