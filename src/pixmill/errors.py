"""Everything that can go wrong, as one tree of typed failures.

Knows codes, public sentences and private details. Must never know HTTP: only
``api/http/problems.py`` maps a code to a status.

    PixmillError
    ├── BadRequest ............... the client's words are wrong
    │   ├── InvalidParameter       a value out of its type or bounds
    │   ├── UnknownParameter · RepeatedParameter · MissingParameter · ConflictingParameters
    │   ├── MalformedRequest       not even parameters (bad escapes, bad UTF-8)
    │   ├── RequestTooLarge · HeadersTooLarge · UploadTooLarge · UploadTimeout
    │   ├── NoSuchRoute · MethodNotAllowed
    │   └── RateLimited            one client asks too often
    ├── Forbidden ................ well said, but not allowed
    │   ├── SignatureMissing · SignatureInvalid · SignatureExpired
    │   ├── AdminDenied
    │   └── SourceForbidden · AddressForbidden
    ├── SourceError .............. the original could not be had
    │   ├── SourceNotFound · SourceDenied · SourceTooLarge
    │   ├── SourceUnreachable · SourceTimeout · SourceBroken · TooManyRedirects · SourceCredentials
    │   └── SourceBusy             too many want something of it, or of all sources
    ├── ImageError ............... the original is here but is no usable picture
    │   ├── UnsupportedImage · UndecodableImage · ImageTooLarge
    │   └── ResultTooLarge · UnsupportedOutput · MissingExtra
    ├── EngineError .............. rendering failed through no word of the client
    │   └── QueueFull · MemoryFull · RenderTimeout · RenderCrashed · NoWorker · Draining
    ├── StoreError ............... a storage backend said no
    │   ├── ObjectNotFound · ObjectTooLarge · StoreUnavailable · StoreFull
    │   └── StoreDenied            StoreCredentials: it does not believe that we are who we say
    └── Internal ................. a defect of ours
"""

from typing import ClassVar, Self


class PixmillError(Exception):
    """A failure with a stable ``code``, a public ``message`` and a private ``detail``.

    ``message`` may be shown to anybody; ``detail`` goes to the log only. ``param`` names the
    offending request parameter when there is one. ``retry_after_s`` is when it may go well, where that can be told.
    """

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"
    from_negative_cache: bool = False
    """It befell an earlier request, and was not tried again."""
    negative_ttl_s: float | None = None
    """For how long the same would be said again, where that is known."""

    def __init__(
        self, message: str = "", *, param: str | None = None, detail: str = "", retry_after_s: float | None = None
    ) -> None:
        self.message = message or self.title
        self.param = param
        self.detail = detail
        self.retry_after_s = retry_after_s
        super().__init__(self.message)

    def with_subject(self, name: str, param: str) -> Self:
        """The same, said of one of several things."""
        copy = type(self)(f"{name}: {self.message}", param=param, detail=self.detail, retry_after_s=self.retry_after_s)
        copy.from_negative_cache, copy.negative_ttl_s = self.from_negative_cache, self.negative_ttl_s
        return copy

    def as_negative_hit(self, ttl_s: float) -> Self:
        """The same, said to another request without trying, and for so long yet."""
        copy = type(self)(self.message, param=self.param, detail=self.detail, retry_after_s=self.retry_after_s)
        copy.from_negative_cache, copy.negative_ttl_s = True, ttl_s
        return copy


class BadRequest(PixmillError):
    """What the client said cannot be understood or is out of bounds."""

    code = "bad_request"
    title = "The request is not valid"


class InvalidParameter(BadRequest):
    code = "invalid_parameter"
    title = "A parameter has a value that is not allowed"


class UnknownParameter(BadRequest):
    code = "unknown_parameter"
    title = "There is no parameter of this name"


class RepeatedParameter(BadRequest):
    code = "repeated_parameter"
    title = "A parameter is given more than once"


class MissingParameter(BadRequest):
    code = "missing_parameter"
    title = "A required parameter is missing"


class ConflictingParameters(BadRequest):
    code = "conflicting_parameters"
    title = "Two parameters contradict each other"


class MalformedRequest(BadRequest):
    code = "malformed_request"
    title = "The request cannot be read"


class RequestTooLarge(BadRequest):
    code = "request_too_large"
    title = "The URL is too long"


class HeadersTooLarge(BadRequest):
    code = "headers_too_large"
    title = "The headers are too long"


class UploadTooLarge(BadRequest):
    code = "upload_too_large"
    title = "The picture sent is larger than this server accepts"


class UploadTimeout(BadRequest):
    code = "upload_timeout"
    title = "The picture was sent too slowly"


class RouteNotFound(BadRequest):
    code = "route_not_found"
    title = "There is nothing at this path"


class MethodNotAllowed(BadRequest):
    code = "method_not_allowed"
    title = "This path does not answer this method"


class RateLimited(BadRequest):
    code = "rate_limited"
    title = "Too many requests; ask less often"


class LoopDetected(BadRequest):
    code = "loop_detected"
    title = "The picture leads back to this service"


class Forbidden(PixmillError):
    """Understood, but not allowed here."""

    code = "forbidden"
    title = "This is not allowed"


class SignatureMissing(Forbidden):
    code = "signature_missing"
    title = "This server answers signed requests only"


class SignatureInvalid(Forbidden):
    code = "signature_invalid"
    title = "The signature does not fit the request"


class SignatureExpired(Forbidden):
    code = "signature_expired"
    title = "The signature has expired"


class AdminDenied(Forbidden):
    code = "admin_denied"
    title = "This is for the operator, who has a token"


class SourceForbidden(Forbidden):
    code = "source_forbidden"
    title = "Pictures from this source are not allowed"


class AddressForbidden(Forbidden):
    code = "address_forbidden"
    title = "The address of this source is not allowed"


class SourceError(PixmillError):
    """The original could not be had from where it lives."""

    code = "source_error"
    title = "The original could not be fetched"


class SourceNotFound(SourceError):
    code = "source_not_found"
    title = "The source has no such picture"


class SourceDenied(SourceError):
    code = "source_denied"
    title = "The source denies access to this picture"


class SourceTooLarge(SourceError):
    code = "source_too_large"
    title = "The original is larger than this server accepts"


class SourceUnreachable(SourceError):
    code = "source_unreachable"
    title = "The source cannot be reached"


class SourceTimeout(SourceError):
    code = "source_timeout"
    title = "The source took too long"


class SourceBadResponse(SourceError):
    code = "source_bad_response"
    title = "The source gave a broken answer"


class TooManyRedirects(SourceError):
    code = "too_many_redirects"
    title = "The source redirects too often"


class SourceCredentials(SourceError):
    code = "source_credentials"
    title = "This server's credentials for the source are not accepted"


class SourceBusy(SourceError):
    code = "source_busy"
    title = "Too many originals are being fetched; try again shortly"


class ImageError(PixmillError):
    """The original is here, but it is no picture we can use."""

    code = "image_error"
    title = "The original cannot be used"


class UnsupportedImage(ImageError):
    code = "unsupported_image"
    title = "The original is not a picture in a supported format"


class UndecodableImage(ImageError):
    code = "undecodable_image"
    title = "The original is damaged and cannot be decoded"


class ImageTooLarge(ImageError):
    code = "image_too_large"
    title = "The original has more pixels or frames than this server accepts"


class ResultTooLarge(ImageError):
    code = "result_too_large"
    title = "The result would be larger than this server or the format allows"


class UnsupportedOutput(ImageError):
    code = "unsupported_output"
    title = "This installation cannot write the format asked for"


class MissingExtra(ImageError):
    code = "missing_extra"
    title = "This installation lacks an optional part that the request needs"


class EngineError(PixmillError):
    """Rendering failed through no word of the client."""

    code = "engine_error"
    title = "The picture could not be rendered"


class QueueFull(EngineError):
    code = "queue_full"
    title = "Too many renders are waiting; try again shortly"


class MemoryExhausted(EngineError):
    code = "memory_exhausted"
    title = "Too many pictures are being worked on; try again shortly"


class RenderTimeout(EngineError):
    code = "render_timeout"
    title = "Rendering took longer than this server allows"


class RenderCrashed(EngineError):
    code = "render_crashed"
    title = "The renderer died on this picture, twice"


class NoWorker(EngineError):
    code = "no_worker"
    title = "No renderer can be started"


class Draining(EngineError):
    code = "draining"
    title = "The server is shutting down"


class StoreError(PixmillError):
    """A storage backend failed; adapters raise these and nothing else."""

    code = "store_error"
    title = "A storage backend failed"


class ObjectNotFound(StoreError):
    code = "object_not_found"
    title = "The store has no such object"


class ObjectTooLarge(StoreError):
    code = "object_too_large"
    title = "The stored object is larger than asked for"


class StoreDenied(StoreError):
    code = "store_denied"
    title = "The store denies access"


class StoreCredentials(StoreDenied):
    code = "store_credentials"
    title = "The store does not accept the credentials of this server"


class StoreUnavailable(StoreError):
    code = "store_unavailable"
    title = "The store cannot be reached or does not answer in time"


class StoreFull(StoreError):
    code = "store_full"
    title = "The store has no room for this object"


class InternalError(PixmillError):
    """A defect of ours; the log has the detail."""

    code = "internal"
    title = "Something went wrong on our side"


def error_classes_by_code(root: type[PixmillError] = PixmillError) -> dict[str, type[PixmillError]]:
    """Every class of the tree by its code, the root left out; codes are unique."""
    by_code: dict[str, type[PixmillError]] = {}
    for child in root.__subclasses__():
        by_code[child.code] = child
        by_code |= error_classes_by_code(child)
    return by_code
