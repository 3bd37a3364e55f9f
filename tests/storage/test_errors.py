"""Every exception of obstore has a meaning here."""

import inspect

import obstore.exceptions
import pytest
from obstore.exceptions import GenericError, PermissionDeniedError

from pixmill.errors import ObjectNotFound, StoreCredentials, StoreDenied, StoreError, StoreFull, StoreUnavailable
from pixmill.storage.errors import OBSTORE_ERROR_TYPES, translate


def theirs() -> set[type[Exception]]:
    kinds = [kind for _, kind in inspect.getmembers(obstore.exceptions, inspect.isclass)]
    return {kind for kind in kinds if issubclass(kind, Exception)}


def test_the_map_is_total() -> None:
    assert len(theirs()) >= 12
    assert theirs() <= set(OBSTORE_ERROR_TYPES)


@pytest.mark.parametrize("kind", sorted(theirs(), key=str), ids=lambda kind: kind.__name__)
def test_what_comes_out_is_ours_with_their_words_in_the_detail_only(kind: type[Exception]) -> None:
    ours = translate(kind("secret place\n\nDebug source:\nmore"))
    assert isinstance(ours, OBSTORE_ERROR_TYPES[kind])
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


ANSWERED = (
    "for path {}: Error performing GET http://s3/b/k in 1ms - Server returned non-2xx status code: 403 Forbidden: {}"
)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("InvalidAccessKeyId", StoreCredentials),
        ("SignatureDoesNotMatch", StoreCredentials),
        ("RequestTimeTooSkewed", StoreCredentials),
        ("AuthenticationFailed", StoreCredentials),
        ("AccessDenied", StoreDenied),
        ("AllAccessDisabled", StoreDenied),
        ("NoSuchKeyInvalidAccessKeyId", StoreDenied),
    ],
)
def test_credentials_that_are_not_accepted_are_told_from_what_is_forbidden(code: str, kind: type[StoreError]) -> None:
    text = ANSWERED.format("k", f"<?xml?>\n<Error><Code>{code}</Code></Error>\n\nDebug source:\n")
    assert type(translate(PermissionDeniedError(text))) is kind


def test_an_expired_token_is_ours_though_it_comes_with_another_status() -> None:
    text = "list - Server returned non-2xx status code: 400 Bad Request: <Error><Code>ExpiredToken</Code></Error>"
    assert type(translate(GenericError(text))) is StoreCredentials


def test_what_a_path_says_of_credentials_counts_for_nothing() -> None:
    text = ANSWERED.format("<Code>InvalidAccessKeyId</Code>", "<Error><Code>AccessDenied</Code></Error>")
    assert type(translate(PermissionDeniedError(text))) is StoreDenied


def test_signatures_in_urls_are_left_out_of_the_detail() -> None:
    ours = translate(GenericError("GET https://me.blob.core.windows.net/c/x?sv=1&sig=hush failed"))
    assert ours.detail == "GET https://me.blob.core.windows.net/c/x?… failed"
