"""Translates imgproxy's environment variables into settings of Pixmill and an entry of ``PIXMILL_DIALECTS``.

Knows names and values of both; must never read the environment, a file, or a setting of this process.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from pixmill.dialects.imgproxy.config import ImgproxyOptions, split_list
from pixmill.dialects.kit.numbers import GO_BOOLEANS, decimal, integer

PREFIX: Final = "IMGPROXY_"

PRIVATE_NETWORKS: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
_LINK_LOCAL: Final = ("169.254.0.0/16", "fe80::/10")


@dataclass(slots=True)
class Imported:
    """The result: settings by name, options of the entry, its mount, and what has no equivalent, with the reason."""

    settings: dict[str, str] = field(default_factory=dict)
    options: dict[str, object] = field(default_factory=dict)
    entry: dict[str, object] = field(default_factory=dict)
    stores: dict[str, dict[str, str]] = field(default_factory=dict)
    buckets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    presets: dict[str, list[str]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


Rule = Callable[[Imported, str, str], None]
"""Applies a variable: the result, its name without prefix, its value. Raises ValueError for a malformed value."""


# Rules


def _text(imported: Imported, name: str, value: str) -> None:
    imported.options[name.lower()] = value


def _flag(imported: Imported, name: str, value: str) -> None:
    imported.options[name.lower()] = _boolean(value)


def _whole(imported: Imported, name: str, value: str) -> None:
    imported.options[name.lower()] = integer(value)


def _number(imported: Imported, name: str, value: str) -> None:
    imported.options[name.lower()] = float(decimal(value))


def _boolean(value: str) -> bool:
    if value not in GO_BOOLEANS:
        raise ValueError("must be true or false")
    return GO_BOOLEANS[value]


def _setting(name: str, convert: Callable[[str], str] = str) -> Rule:
    def apply(imported: Imported, variable: str, value: str) -> None:
        del variable
        imported.settings[f"PIXMILL_{name}"] = convert(value)

    return apply


def _comment(reason: str) -> Rule:
    def apply(imported: Imported, name: str, value: str) -> None:
        if value and GO_BOOLEANS.get(value, True):  # what is switched off is not missed
            imported.comments[PREFIX + name] = reason

    return apply


def _number_text(value: str) -> str:
    return f"{float(decimal(value)):g}"


def _pixels(value: str) -> str:
    return str(int(decimal(value) * 1_000_000))


def _log_level(value: str) -> str:
    return value if value in ("debug", "info", "warning", "error") else {"warn": "warning"}.get(value, "error")


def _log_format(value: str) -> str:
    return "json" if value in ("json", "structured", "gcp") else "console"


def _bind(imported: Imported, name: str, value: str) -> None:
    del name
    host, _, port = value.rpartition(":")
    imported.settings["PIXMILL_HOST"] = host.strip("[]") or "0.0.0.0"  # noqa: S104 - what :8080 means
    imported.settings["PIXMILL_PORT"] = str(integer(port))


def _path_prefix(imported: Imported, name: str, value: str) -> None:
    del name
    if value.strip("/"):
        imported.entry["mount"] = "/" + value.strip("/")


def _presets_path(option: str) -> Rule:
    """Return a rule for a file of presets; if it cannot be read, the operator adds them."""

    def apply(imported: Imported, name: str, value: str) -> None:
        lines = imported.files.get(value)
        if lines is None:
            imported.comments[PREFIX + name] = f"add the lines of {value} to the option {option} of the entry"
        else:
            imported.presets.setdefault(option, []).append(lines.strip())

    return apply


def _preset_list(imported: Imported, name: str, value: str) -> None:
    imported.presets.setdefault(name.lower(), []).insert(0, value)


def _source_limit(imported: Imported, name: str, value: str) -> None:
    del name
    if integer(value) > 0:
        imported.settings["PIXMILL_MAX_SOURCE_BYTES"] = value


def _frame_resolution(imported: Imported, name: str, value: str) -> None:
    if decimal(value):
        imported.comments[PREFIX + name] = "PIXMILL_MAX_ANIMATION_PIXELS limits all frames together"


def _networks(networks: tuple[str, ...]) -> Rule:
    def apply(imported: Imported, name: str, value: str) -> None:
        del name
        if _boolean(value):
            old = split_list(imported.settings.get("PIXMILL_ALLOWED_NETWORKS", ""))
            imported.settings["PIXMILL_ALLOWED_NETWORKS"] = ",".join(dict.fromkeys((*old, *networks)))

    return apply


def _root(imported: Imported, name: str, value: str) -> None:
    del name
    imported.settings["PIXMILL_IMAGES"] = value


def source_pattern(text: str) -> str:
    """Translate one allowed source. Raises ValueError for a pattern that has no equivalent."""
    if text.startswith("local://"):
        return "path:" + text.removeprefix("local://").strip("/")
    if text.startswith("abs://"):
        text = "az://" + text.removeprefix("abs://")
    scheme, separator, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    if not separator or "*" in path or (host.count("*") and not (host.startswith("*.") and host.count("*") == 1)):
        raise ValueError("a * may only stand for subdomains, as in https://*.example.com/")
    if not slash:
        raise ValueError("a slash must follow the host, or the pattern would allow other hosts too")
    return f"{scheme}://{host}/{path}"


def _allowed_sources(imported: Imported, name: str, value: str) -> None:
    patterns: list[str] = []
    for text in split_list(value):
        try:
            patterns.append(source_pattern(text))
        except ValueError as error:
            imported.comments[f"{PREFIX}{name} {text}"] = str(error)
    if patterns:
        imported.settings["PIXMILL_ALLOWED_SOURCES"] = ",".join(patterns)


def _store_field(kind: str, field_name: str) -> Rule:
    def apply(imported: Imported, name: str, value: str) -> None:
        del name
        imported.stores.setdefault(kind, {})[field_name] = value

    return apply


def _use_store(kind: str) -> Rule:
    def apply(imported: Imported, name: str, value: str) -> None:
        del name
        if _boolean(value):
            imported.stores.setdefault(kind, {})

    return apply


def _buckets(kind: str) -> Rule:
    def apply(imported: Imported, name: str, value: str) -> None:
        del name
        imported.buckets[kind] = split_list(value)

    return apply


def _watermark_path(option: str) -> Rule:
    def apply(imported: Imported, name: str, value: str) -> None:
        imported.options[option] = value
        imported.comments[PREFIX + name] = f"{option} must be a URL, or a path below PIXMILL_IMAGES"

    return apply


def _workers(imported: Imported, name: str, value: str) -> None:
    del name
    if integer(value) > 0:
        imported.settings["PIXMILL_WORKERS"] = value


def _queue(imported: Imported, name: str, value: str) -> None:
    del name
    if integer(value) > 0:
        imported.settings["PIXMILL_QUEUE"] = value


def _prometheus(imported: Imported, name: str, value: str) -> None:
    del name
    if value:
        imported.settings["PIXMILL_METRICS"] = "true"
        host, _, port = value.rpartition(":")
        imported.settings["PIXMILL_ADMIN_LISTEN"] = f"{host or '0.0.0.0'}:{port}"  # noqa: S104 - what :8081 means


def _unlimited(imported: Imported, name: str, value: str) -> None:
    if _boolean(value):
        imported.comments[PREFIX + name] = "files are bounded by PIXMILL_MAX_PIXELS and the memory of a worker"


def _sanitize(imported: Imported, name: str, value: str) -> None:
    if not _boolean(value):
        imported.comments[PREFIX + name] = "SVGs are always sanitised"


def _switched_on(reason: str) -> Rule:
    """Return a rule for what Pixmill always does: only switching it off is lost."""

    def apply(imported: Imported, name: str, value: str) -> None:
        if not _boolean(value):
            imported.comments[PREFIX + name] = reason

    return apply


_NO_VIDEO: Final = "no equivalent; videos need pixmill[video]"
_NO_DETECTION: Final = "faces are found by pixmill[faces]; other objects are not"
_ENCODER: Final = "effort depends on PIXMILL_RENDER_MODE"
_OTHER_MONITORING: Final = "no equivalent; there are Prometheus metrics and structured logs"
_OWN_CACHE: Final = "results are cached in PIXMILL_CACHE"
_ENVIRONMENT: Final = "settings come from the environment and .env"

_COMMENTS: Final[Mapping[str, str]] = {
    "NETWORK": "only TCP",
    "READ_REQUEST_TIMEOUT": "set by the server",
    "WRITE_RESPONSE_TIMEOUT": "see PIXMILL_SEND_TIMEOUT_S",
    "KEEP_ALIVE_TIMEOUT": "set by the server",
    "SO_REUSEPORT": "no equivalent",
    "CACHE_CONTROL_PASSTHROUGH": "the origin's directives count for the server; the option ttl is what clients get",
    "ETAG_BUSTER": "entity tags are those of the results",
    "LAST_MODIFIED_BUSTER": "purge results instead: pixmill purge",
    "ENABLE_DEBUG_HEADERS": "see PIXMILL_SERVER_TIMING",
    "SERVER_NAME": "no equivalent",
    "ALLOW_ORIGIN": "every origin may read images",
    "HEALTH_CHECK_MESSAGE": "no equivalent",
    "CUSTOM_REQUEST_HEADERS": "no equivalent",
    "CUSTOM_RESPONSE_HEADERS": "no equivalent; a proxy can add them",
    "CUSTOM_HEADERS_SEPARATOR": "no equivalent",
    "REQUEST_HEADERS_PASSTHROUGH": "no equivalent",
    "RESPONSE_HEADERS_PASSTHROUGH": "no equivalent",
    "LICENSE_KEY": "not needed",
    "LICENSE_DEVELOPMENT_MODE": "not needed",
    "CLIENT_KEEP_ALIVE_TIMEOUT": "set by the server",
    "USER_AGENT": "the server names itself",
    "IGNORE_SSL_VERIFICATION": "certificates are always verified",
    "COOKIE_PASSTHROUGH": "cookies are not forwarded",
    "COOKIE_PASSTHROUGH_ALL": "cookies are not forwarded",
    "COOKIE_BASE_URL": "cookies are not forwarded",
    "SOURCE_URL_QUERY_SEPARATOR": "versions of stored objects are not supported",
    "SECRET": "no equivalent: sign URLs, or let a proxy check the header",
    "ALLOW_BYPASS_CACHE": "the option bypass_cache is ignored",
    "WEBP_EFFORT": _ENCODER,
    "AVIF_SPEED": _ENCODER,
    "JXL_EFFORT": _ENCODER,
    "WEBP_SMART_SUBSAMPLE": "no equivalent",
    **dict.fromkeys(
        (
            "AUTOQUALITY_METHOD",
            "AUTOQUALITY_TARGET",
            "AUTOQUALITY_MIN",
            "AUTOQUALITY_MAX",
            "AUTOQUALITY_FORMAT_MIN",
            "AUTOQUALITY_FORMAT_MAX",
            "AUTOQUALITY_ALLOWED_ERROR",
            "AUTOQUALITY_MAX_RESOLUTION",
            "AUTOQUALITY_BLACKBOX_NETS",
            "AUTOQUALITY_JPEG_NET",
            "AUTOQUALITY_WEBP_NET",
            "AUTOQUALITY_AVIF_NET",
        ),
        "put autoquality into the preset default",
    ),
    "UNSHARP_MASKING_MODE": "put unsharp_masking into the preset default",
    "UNSHARP_MASKING_WEIGHT": "put unsharp_masking into the preset default",
    "UNSHARP_MASKING_DIVIDER": "put unsharp_masking into the preset default",
    "PRESERVE_HDR": "results have 8 bits per channel",
    "ENABLE_CLIENT_HINTS": "imgproxy 4 does not read it",
    "BEST_FORMAT_COMPLEXITY_THRESHOLD": "format best chooses by content",
    "BEST_FORMAT_MAX_RESOLUTION": "format best chooses by content",
    "BEST_FORMAT_BY_DEFAULT": "put format:best into the preset default",
    "BEST_FORMAT_ALLOW_SKIPS": "format best chooses by content",
    "ENABLE_RAW_FORMATS": "raw photos need pixmill[raw]",
    "ENABLE_VIDEO_THUMBNAILS": _NO_VIDEO,
    "VIDEO_THUMBNAIL_SECOND": "put video_thumbnail_second into the preset default",
    "VIDEO_THUMBNAIL_KEYFRAMES": _NO_VIDEO,
    "VIDEO_THUMBNAIL_TILE_AUTO_KEYFRAMES": _NO_VIDEO,
    "VIDEO_THUMBNAIL_PROBE_SIZE": _NO_VIDEO,
    "VIDEO_THUMBNAIL_MAX_ANALYZE_DURATION": _NO_VIDEO,
    "PDF_NO_BACKGROUND": "pages are white",
    "ENFORCE_THUMBNAIL": "the image itself is used",
    "USE_LINEAR_COLORSPACE": "images are always resampled in linear light",
    "DISABLE_SHRINK_ON_LOAD": "see PIXMILL_RENDER_MODE",
    "SMART_CROP_ADVANCED": _NO_DETECTION,
    "SMART_CROP_ADVANCED_MODE": _NO_DETECTION,
    "SMART_CROP_FACE_DETECTION": "put gravity:obj:face into the preset default",
    "COLOR_PROFILES_DIR": "see the parameter profile",
    "STRIP_METADATA_DPI": "the metadata has no resolution",
    "WATERMARK_DATA": "save the image, and name its URL in watermark_url",
    "WATERMARKS_CACHE_SIZE": "see PIXMILL_ORIGINALS_CACHE",
    "WATERMARK_PREPROCESS_URL": "no equivalent",
    "FALLBACK_IMAGE_DATA": "save the image, and name its URL in fallback_image_url",
    "FALLBACK_IMAGE_TTL": "failures are cached for seconds",
    "FALLBACK_IMAGES_CACHE_SIZE": "see PIXMILL_ORIGINALS_CACHE",
    "FALLBACK_IMAGE_PREPROCESS_URL": "no equivalent",
    "S3_ASSUME_ROLE_ARN": "the environment of the server decides: PIXMILL_STORES_ALLOW_UNNAMED",
    "S3_ASSUME_ROLE_EXTERNAL_ID": "the environment of the server decides: PIXMILL_STORES_ALLOW_UNNAMED",
    "S3_USE_DECRYPTION_CLIENT": "no equivalent",
    "S3_ACCESS_POINTS": "no equivalent",
    "S3_ENDPOINT_USE_PATH_STYLE": "path style is used with an endpoint",
    "S3_MULTI_REGION": "give each bucket its region in PIXMILL_STORES",
    "S3_DENIED_BUCKETS": "only the buckets of PIXMILL_STORES are allowed",
    "GCS_DENIED_BUCKETS": "only the buckets of PIXMILL_STORES are allowed",
    "ABS_DENIED_BUCKETS": "only the buckets of PIXMILL_STORES are allowed",
    "FREE_MEMORY_INTERVAL": "set by the server",
    "MALLOC": "set by the server",
    "DOWNLOAD_BUFFER_SIZE": "set by the server",
    "BUFFER_POOL_CALIBRATION_THRESHOLD": "set by the server",
    "PROMETHEUS_NAMESPACE": "metrics begin with pixmill_",
    "PPROF_BIND": "no equivalent",
    "LOG_MEM_STATS": "no equivalent",
    "VIPS_LEAK_CHECK": "no equivalent",
    "VIPS_CACHE_TRACE": "no equivalent",
    "REPORT_DOWNLOADING_ERRORS": _OTHER_MONITORING,
    "REPORT_IO_ERRORS": _OTHER_MONITORING,
    "FAIL_ON_DEPRECATION": "unknown settings are always an error",
    "ENV_LOCAL_FILE_PATH": _ENVIRONMENT,
}

_COMMENTS_BY_PREFIX: Final[Mapping[str, str]] = {
    "ENV_AWS_": _ENVIRONMENT,
    "ENV_GCP_": _ENVIRONMENT,
    "CACHE_": _OWN_CACHE,
    "SWIFT_": "Swift is not supported",
    "USE_SWIFT": "Swift is not supported",
    "DATADOG_": _OTHER_MONITORING,
    "NEW_RELIC_": _OTHER_MONITORING,
    "OPEN_TELEMETRY_": _OTHER_MONITORING,
    "CLOUD_WATCH_": _OTHER_MONITORING,
    "BUGSNAG_": _OTHER_MONITORING,
    "HONEYBADGER_": _OTHER_MONITORING,
    "SENTRY_": _OTHER_MONITORING,
    "AIRBRAKE_": _OTHER_MONITORING,
    "SYSLOG_": "logs go to the standard output",
    "OBJECT_DETECTION_": _NO_DETECTION,
    "CLASSIFICATION_": _NO_DETECTION,
    "ML_": _NO_DETECTION,
}

_FLAGS: Final = tuple(
    name.upper()
    for name, annotation in ImgproxyOptions.__annotations__.items()
    if annotation in (bool, "bool") and name not in ("info_endpoint", "ignore_unsupported")
)

FILES: Final = ("PRESETS_PATH", "INFO_PRESETS_PATH")
"""Variables that name files with presets."""

RULES: Final[Mapping[str, Rule]] = {
    **{name: _comment(reason) for name, reason in _COMMENTS.items()},
    **dict.fromkeys(_FLAGS, _flag),
    **dict.fromkeys(
        (
            "KEY",
            "SALT",
            "TRUSTED_SIGNATURES",
            "SOURCE_URL_ENCRYPTION_KEY",
            "ARGUMENTS_SEPARATOR",
            "BASE_URL",
            "URL_REPLACEMENTS",
            "PRESETS_SEPARATOR",
            "ALLOWED_PROCESSING_OPTIONS",
            "ALLOWED_INFO_OPTIONS",
            "PREFERRED_FORMATS",
            "SKIP_PROCESSING_FORMATS",
            "FORMAT_QUALITY",
            "WEBP_COMPRESSION",
            "WEBP_PRESET",
            "AVIF_SUBSAMPLE",
            "WATERMARK_URL",
            "FALLBACK_IMAGE_URL",
            "HEALTH_CHECK_PATH",
        ),
        _text,
    ),
    **dict.fromkeys(
        (
            "SIGNATURE_SIZE",
            "QUALITY",
            "PNG_QUANTIZATION_COLORS",
            "JPEG_QUANT_TABLE",
            "MAX_ANIMATION_FRAMES",
            "MAX_RESULT_DIMENSION",
            "MAX_CHAINED_PIPELINES",
            "FALLBACK_IMAGE_HTTP_CODE",
            "TTL",
        ),
        _whole,
    ),
    "WATERMARK_OPACITY": _number,
    "WATERMARK_PATH": _watermark_path("watermark_url"),
    "FALLBACK_IMAGE_PATH": _watermark_path("fallback_image_url"),
    "PRESETS": _preset_list,
    "INFO_PRESETS": _preset_list,
    "PRESETS_PATH": _presets_path("presets"),
    "INFO_PRESETS_PATH": _presets_path("info_presets"),
    "BIND": _bind,
    "PATH_PREFIX": _path_prefix,
    "TIMEOUT": _setting("DEADLINE_S", _number_text),
    "GRACEFUL_STOP_TIMEOUT": _setting("DRAIN_TIMEOUT_S", _number_text),
    "MAX_CLIENTS": _setting("MAX_CONNECTIONS"),
    "DOWNLOAD_TIMEOUT": _setting("SOURCE_TIMEOUT_S", _number_text),
    "MAX_REDIRECTS": _setting("MAX_REDIRECTS"),
    "USE_ETAG": _switched_on("entity tags are always sent"),
    "USE_LAST_MODIFIED": _switched_on("Last-Modified is always sent"),
    "MAX_SRC_RESOLUTION": _setting("MAX_PIXELS", _pixels),
    "MAX_SRC_FILE_SIZE": _source_limit,
    "MAX_ANIMATION_FRAME_RESOLUTION": _frame_resolution,
    "ALLOWED_SOURCES": _allowed_sources,
    "PNG_UNLIMITED": _unlimited,
    "SVG_UNLIMITED": _unlimited,
    "TIFF_UNLIMITED": _unlimited,
    "SANITIZE_SVG": _sanitize,
    "ALLOW_LOOPBACK_SOURCE_ADDRESSES": _networks(_LOOPBACK),
    "ALLOW_LINK_LOCAL_SOURCE_ADDRESSES": _networks(_LINK_LOCAL),
    "ALLOW_PRIVATE_SOURCE_ADDRESSES": _networks(PRIVATE_NETWORKS),
    "WORKERS": _workers,
    "CONCURRENCY": _workers,
    "REQUESTS_QUEUE_SIZE": _queue,
    "LOCAL_FILESYSTEM_ROOT": _root,
    "USE_S3": _use_store("s3"),
    "S3_REGION": _store_field("s3", "region"),
    "S3_ENDPOINT": _store_field("s3", "endpoint"),
    "S3_ALLOWED_BUCKETS": _buckets("s3"),
    "USE_GCS": _use_store("gs"),
    "GCS_KEY": _store_field("gs", "service_account_key"),
    "GCS_ENDPOINT": _store_field("gs", "endpoint"),
    "GCS_ALLOWED_BUCKETS": _buckets("gs"),
    "USE_ABS": _use_store("az"),
    "ABS_NAME": _store_field("az", "account_name"),
    "ABS_KEY": _store_field("az", "account_key"),
    "ABS_ENDPOINT": _store_field("az", "endpoint"),
    "ABS_ALLOWED_BUCKETS": _buckets("az"),
    "PROMETHEUS_BIND": _prometheus,
    "LOG_LEVEL": _setting("LOG_LEVEL", _log_level),
    "LOG_FORMAT": _setting("LOG_FORMAT", _log_format),
}
"""By the name without ``IMGPROXY_``."""


def import_environment(
    variables: Mapping[str, str], host: str = "", files: Mapping[str, str] | None = None
) -> Imported:
    """Translate all variables that begin with ``IMGPROXY_``. Raises ValueError that names the bad one.

    ``host``: the host name that clients use. Without it, and without a path prefix, the entry needs one by hand.
    ``files``: texts of files that variables name, by path.
    """
    imported = Imported(files=files or {})
    given = {name.removeprefix(PREFIX): value for name, value in variables.items() if name.startswith(PREFIX)}
    if "ALLOW_PRIVATE_SOURCE_ADDRESSES" not in given:
        networks = ",".join(PRIVATE_NETWORKS)
        imported.comments["private addresses"] = (
            f"imgproxy reaches them by default; if originals are there, set PIXMILL_ALLOWED_NETWORKS={networks}"
        )
    for name, value in given.items():
        rule = RULES.get(name) or _rule_by_prefix(name)
        if rule is None:
            imported.comments[PREFIX + name] = "no setting of imgproxy 4"
            continue
        try:
            rule(imported, name, value)
        except ValueError as error:
            raise ValueError(f"{PREFIX}{name}: {error}") from error
    if variables.get("PORT") and "BIND" not in given:
        _bind(imported, "BIND", f":{variables['PORT']}")
    if host:
        imported.entry["host"] = host
    imported.options |= {option: "\n".join(texts) for option, texts in imported.presets.items()}
    _name_stores(imported)
    _check_access(imported)
    _check_options(imported)
    return imported


def _rule_by_prefix(name: str) -> Rule | None:
    return next((_comment(reason) for prefix, reason in _COMMENTS_BY_PREFIX.items() if name.startswith(prefix)), None)


def _name_stores(imported: Imported) -> None:
    """Add a store for each allowed bucket; without a list of buckets the environment's credentials reach all."""
    stores: dict[str, dict[str, str]] = {}
    for kind, fields in imported.stores.items():
        buckets = imported.buckets.get(kind, ())
        for bucket in buckets:
            stores[f"{kind}-{bucket}"] = {"url": f"{kind}://{bucket}", **fields}
        if not buckets:
            imported.settings["PIXMILL_STORES_ALLOW_UNNAMED"] = "true"
            if fields:
                names = ", ".join(fields)
                imported.comments[f"{kind}://"] = f"{names}: name the buckets in PIXMILL_STORES to set this"
    if stores:
        imported.settings["PIXMILL_STORES"] = msgspec.json.encode(stores).decode()


def _check_access(imported: Imported) -> None:
    """Say what is missing for a server that other machines can reach."""
    if "PIXMILL_ALLOWED_SOURCES" in imported.settings:
        return
    if imported.options.get("key"):
        imported.comments["PIXMILL_KEYS"] = "set it too: a key of at least 16 characters, for Pixmill's own URLs"
    else:
        imported.comments["unsigned URLs"] = (
            "imgproxy fetches any source for anybody: set PIXMILL_ALLOWED_SOURCES, or PIXMILL_UNSIGNED=allow"
        )


def _check_options(imported: Imported) -> None:
    """Check the options as the server will. Raises ValueError."""
    try:
        msgspec.convert(imported.options, ImgproxyOptions)
    except msgspec.ValidationError as error:
        raise ValueError(f"the options of the entry: {error}") from error


def entry_json(imported: Imported) -> str:
    """Return ``PIXMILL_DIALECTS``; options that have their defaults are left out."""
    defaults = msgspec.to_builtins(ImgproxyOptions())
    options = {name: value for name, value in imported.options.items() if value != defaults[name]}
    entry: dict[str, object] = {"dialect": "imgproxy", **imported.entry}
    if "host" not in entry and "mount" not in entry:
        entry["host"] = "img.example.com"
    return msgspec.json.encode([entry | ({"options": options} if options else {})]).decode()


_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:,@%+=*-]*")


def quoted(value: str) -> str:
    """Return a value as a line of an env file has it."""
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
