"""Everything that can go wrong, as one tree of typed errors.

Knows codes, public messages and private details. Must never know HTTP: only ``api/http/problems.py`` maps a code to
a status.

    PixmillError
    ├── BadRequest ............... the request itself is invalid
    │   ├── InvalidParameter       wrong type, or out of bounds
    │   ├── UnknownParameter · RepeatedParameter · MissingParameter · ConflictingParameters
    │   ├── MalformedRequest       not even parameters (bad escapes, bad UTF-8)
    │   ├── RequestTooLarge · HeadersTooLarge · UploadTooLarge · UploadTimeout
    │   ├── RouteNotFound · MethodNotAllowed · LoopDetected
    │   └── RateLimited            too many requests from one client
    ├── Forbidden ................ well-formed, but not allowed
    │   ├── SignatureMissing · SignatureInvalid · SignatureExpired
    │   ├── AdminDenied
    │   └── SourceForbidden · AddressForbidden
    ├── SourceError .............. the original could not be fetched
    │   ├── SourceNotFound · SourceDenied · SourceTooLarge · SourceCredentials
    │   ├── SourceUnreachable · SourceTimeout · SourceBadResponse · TooManyRedirects
    │   └── SourceBusy             too many fetches from one source, or in all
    ├── ImageError ............... the original was fetched but is not usable
    │   ├── UnsupportedImage · UndecodableImage · ImageTooLarge
    │   ├── ResultTooLarge · UnsupportedOutput · MissingExtra
    │   └── TooCostly              the estimated cost exceeds the limit
    ├── EngineError .............. rendering failed, and the request is not at fault
    │   └── QueueFull · MemoryExhausted · RenderTimeout · RenderCrashed · NoWorker · Draining
    ├── StoreError ............... a storage backend failed
    │   ├── ObjectNotFound · ObjectTooLarge · StoreUnavailable · StoreFull
    │   └── StoreDenied            StoreCredentials: our credentials are not accepted
    └── InternalError ............ a bug in Pixmill
"""

from functools import cache
from typing import ClassVar, Final, Self

from msgspec import Struct

MAX_SNAPSHOT_CHARS: Final = 500
"""Of each text of a snapshot. Longer ones quote what somebody sent; a problem document shows no more."""


class PixmillError(Exception):
    """An error with a stable ``code``, a public ``message`` and a private ``detail``.

    ``message`` is shown to clients; ``detail`` goes to the log only. ``hint`` tells the operator what to do; it
    may name settings, files and addresses, and is shown in development only. ``param`` names the invalid request
    parameter, if there is one. ``retry_after_s`` estimates when a retry may succeed, if that is known.
    """

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"
    from_negative_cache: bool = False
    """Returned from the negative cache, without another attempt."""
    negative_ttl_s: float | None = None
    """How long the negative cache will keep returning it, if known."""
    upstream_status: int = 0
    """The HTTP status of the source's answer, if that is the error."""

    def __init__(
        self,
        message: str = "",
        *,
        param: str | None = None,
        detail: str = "",
        hint: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        self.message = message or self.title
        self.param = param
        self.detail = detail
        self.hint = hint
        self.retry_after_s = retry_after_s
        super().__init__(self.message)

    def with_subject(self, name: str, param: str) -> Self:
        """Copy it with the name of the input that failed, for requests with several."""
        copy = type(self)(
            f"{name}: {self.message}",
            param=param,
            detail=self.detail,
            hint=self.hint,
            retry_after_s=self.retry_after_s,
        )
        copy.from_negative_cache, copy.negative_ttl_s = self.from_negative_cache, self.negative_ttl_s
        copy.upstream_status = self.upstream_status
        return copy

    def snapshot(self) -> "ErrorSnapshot":
        """Return what a negative cache keeps of it."""
        limit = MAX_SNAPSHOT_CHARS
        param = self.param and self.param[:limit]
        return ErrorSnapshot(
            self.code, self.message[:limit], param, self.detail[:limit], self.upstream_status, self.hint[:limit]
        )


class ErrorSnapshot(Struct, frozen=True, gc=False):
    """An error as a negative cache keeps it: texts only.

    A raised exception also holds its traceback, with the frames, and so the requests and tasks, that it passed
    through: tens of kilobytes, which only a full garbage collection would free.
    """

    code: str
    message: str
    param: str | None
    detail: str
    upstream_status: int = 0
    hint: str = ""

    def as_negative_hit(self, ttl_s: float) -> PixmillError:
        """Return a new error for a request that is answered from the negative cache."""
        error = _classes_by_code()[self.code](self.message, param=self.param, detail=self.detail, hint=self.hint)
        error.from_negative_cache, error.negative_ttl_s = True, ttl_s
        error.upstream_status = self.upstream_status
        return error


class BadRequest(PixmillError):
    """The request is malformed, or a value is out of bounds."""

    code = "bad_request"
    title = "Invalid request"


class InvalidParameter(BadRequest):
    code = "invalid_parameter"
    title = "Invalid parameter value"


class UnknownParameter(BadRequest):
    code = "unknown_parameter"
    title = "Unknown parameter"


class RepeatedParameter(BadRequest):
    code = "repeated_parameter"
    title = "Repeated parameter"


class MissingParameter(BadRequest):
    code = "missing_parameter"
    title = "Missing parameter"


class ConflictingParameters(BadRequest):
    code = "conflicting_parameters"
    title = "Conflicting parameters"


class MalformedRequest(BadRequest):
    code = "malformed_request"
    title = "Malformed request"


class RequestTooLarge(BadRequest):
    code = "request_too_large"
    title = "URL too long"


class HeadersTooLarge(BadRequest):
    code = "headers_too_large"
    title = "Headers too large"


class UploadTooLarge(BadRequest):
    code = "upload_too_large"
    title = "Upload too large"


class UploadTimeout(BadRequest):
    code = "upload_timeout"
    title = "Upload too slow"


class RouteNotFound(BadRequest):
    code = "route_not_found"
    title = "Route not found"


class MethodNotAllowed(BadRequest):
    code = "method_not_allowed"
    title = "Method not allowed for this path"


class RateLimited(BadRequest):
    code = "rate_limited"
    title = "Too many requests from this client"


class LoopDetected(BadRequest):
    code = "loop_detected"
    title = "Request loop detected"


class Forbidden(PixmillError):
    """The request is well-formed, but not allowed."""

    code = "forbidden"
    title = "Request not allowed"


class SignatureMissing(Forbidden):
    code = "signature_missing"
    title = "Signature required"


class SignatureInvalid(Forbidden):
    code = "signature_invalid"
    title = "Signature does not match the request"


class SignatureExpired(Forbidden):
    code = "signature_expired"
    title = "Signature expired"


class AdminDenied(Forbidden):
    code = "admin_denied"
    title = "Admin token required"


class SourceForbidden(Forbidden):
    code = "source_forbidden"
    title = "Images from this source are not allowed"


class AddressForbidden(Forbidden):
    code = "address_forbidden"
    title = "Address of the source is not allowed"


class SourceError(PixmillError):
    """The original could not be fetched from its source."""

    code = "source_error"
    title = "Original could not be fetched"


class SourceNotFound(SourceError):
    code = "source_not_found"
    title = "Image not found at the source"


class SourceDenied(SourceError):
    code = "source_denied"
    title = "Source denied access to the image"


class SourceTooLarge(SourceError):
    code = "source_too_large"
    title = "Original exceeds the size limit"


class SourceUnreachable(SourceError):
    code = "source_unreachable"
    title = "Source unreachable"


class SourceTimeout(SourceError):
    code = "source_timeout"
    title = "Source timed out"


class SourceBadResponse(SourceError):
    code = "source_bad_response"
    title = "Invalid response from source"


class TooManyRedirects(SourceError):
    code = "too_many_redirects"
    title = "Too many redirects from source"


class SourceCredentials(SourceError):
    code = "source_credentials"
    title = "Source rejected this server's credentials"


class SourceBusy(SourceError):
    code = "source_busy"
    title = "Too many fetches in progress; try again shortly"


class ImageError(PixmillError):
    """The original was fetched, but cannot be used."""

    code = "image_error"
    title = "Original cannot be used"


class UnsupportedImage(ImageError):
    code = "unsupported_image"
    title = "Original is not an image in a supported format"


class UndecodableImage(ImageError):
    code = "undecodable_image"
    title = "Original is damaged and cannot be decoded"


class ImageTooLarge(ImageError):
    code = "image_too_large"
    title = "Original exceeds the limit of pixels or frames"


class ResultTooLarge(ImageError):
    code = "result_too_large"
    title = "Result exceeds a limit of the server or the format"


class TooCostly(ImageError):
    code = "too_costly"
    title = "Result would take too much CPU time"


class UnsupportedOutput(ImageError):
    code = "unsupported_output"
    title = "Output format not available in this installation"


class MissingExtra(ImageError):
    code = "missing_extra"
    title = "Optional dependency of this installation is missing"


class EngineError(PixmillError):
    """Rendering failed, and the request is not at fault."""

    code = "engine_error"
    title = "Image could not be rendered"


class QueueFull(EngineError):
    code = "queue_full"
    title = "Render queue full; try again shortly"


class MemoryExhausted(EngineError):
    code = "memory_exhausted"
    title = "Memory budget exhausted; try again shortly"


class RenderTimeout(EngineError):
    code = "render_timeout"
    title = "Rendering timed out"


class RenderCrashed(EngineError):
    code = "render_crashed"
    title = "Renderer crashed twice on this image"


class NoWorker(EngineError):
    code = "no_worker"
    title = "No render worker could be started"


class Draining(EngineError):
    code = "draining"
    title = "Server is shutting down"


class StoreError(PixmillError):
    """A storage backend failed; adapters raise only these."""

    code = "store_error"
    title = "Storage backend failed"


class ObjectNotFound(StoreError):
    code = "object_not_found"
    title = "Object not found in the store"


class ObjectTooLarge(StoreError):
    code = "object_too_large"
    title = "Stored object exceeds the requested size limit"


class StoreDenied(StoreError):
    code = "store_denied"
    title = "Store denied access"


class StoreCredentials(StoreDenied):
    code = "store_credentials"
    title = "Store rejected this server's credentials"


class StoreUnavailable(StoreError):
    code = "store_unavailable"
    title = "Store unreachable or timed out"


class StoreFull(StoreError):
    code = "store_full"
    title = "Store has no space for this object"


class InternalError(PixmillError):
    """A bug in Pixmill; the log has the details."""

    code = "internal"
    title = "Internal error"


def error_classes_by_code(root: type[PixmillError] = PixmillError) -> dict[str, type[PixmillError]]:
    """All subclasses by their unique code, without the root."""
    by_code: dict[str, type[PixmillError]] = {}
    for child in root.__subclasses__():
        by_code[child.code] = child
        by_code |= error_classes_by_code(child)
    return by_code


_classes_by_code = cache(error_classes_by_code)


def release_frames(error: BaseException) -> None:
    """Remove the traceback of an error that has been handled, and those of all that it was raised from.

    Tasks and futures that failed with it are in its frames. Without this such a cycle, with the request in it, is freed
    only by a garbage collection.
    """
    pending: list[BaseException | None] = [error]
    while pending:
        if (one := pending.pop()) is not None:
            pending += one.__cause__, one.__context__
            one.__traceback__ = one.__cause__ = one.__context__ = None
