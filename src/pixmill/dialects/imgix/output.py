"""How the result is written, which frames are read, and the answer's name: parameters in, values of a plan out."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from pixmill.dialects.imgix.options import Values
from pixmill.dialects.imgix.services import Service
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.ops import DEFAULT_INPUT, Input, Output
from pixmill.plan.output import AS_RECORDED, Animation, Encoding, Metadata, Profile, RenderMode, Subsampling

_FORMATS: Final[Mapping[str, Format]] = {
    "gif": Format.GIF,
    **dict.fromkeys(("jpg", "jpeg", "pjpg", "pjpeg"), Format.JPEG),
    **dict.fromkeys(("png", "png8", "png24", "png32"), Format.PNG),
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "blurhash": Format.BLURHASH,
}
_UNSUPPORTED: Final = frozenset(("jp2", "jxr", "mp4", "webm"))
_KEPT: Final = (Format.JPEG, Format.PNG, Format.GIF, Format.WEBP, Format.AVIF)
_COMPRESSED: Final = (Format.JPEG, Format.PNG, Format.GIF)
_NEGOTIATED: Final = (Format.AVIF, Format.WEBP)
_PNG8_COLOURS: Final = 256
_COMPRESSED_QUALITY: Final = 45


def output_of(values: Values, service: Service, mode: RenderMode, *, saves_data: bool, is_unchanged: bool) -> Output:
    """Return how the result is written. Raises InvalidParameter.

    ``saves_data``: the client wants few bytes. ``is_unchanged``: nothing is done with the image.
    """
    name: str = values.value("fm", "")
    if name in _UNSUPPORTED:
        raise InvalidParameter(f"The format {name} is not written here", param="fm")
    auto: tuple[str, ...] = values.value("auto", ())
    compresses = "compress" in auto or values.value("compress", False) or saves_data
    negotiates = "format" in auto or "true" in auto or name == "auto"
    output = Output(
        quality=values.value("q", _COMPRESSED_QUALITY if compresses else service.quality),
        metadata=Metadata.KEEP
        if values.value("iptc", "") == "allow" or values.value("metadata", False)
        else Metadata.STRIP,
        profile=values.value("cs", Profile.SRGB),
        encoding=_encoding(values, name, mode),
        animation=_animation(values),
        passthrough=(Format.SVG,) if values.value("rasterize-bypass", False) else (),
    )
    formats = _format_fields(_FORMATS.get(name), compresses=compresses and not saves_data, negotiates=negotiates)
    output = replace(output, **formats)
    if output == _plain(service, mode) and is_unchanged:
        return Output(source_format=True)
    return output


def _plain(service: Service, mode: RenderMode) -> Output:
    """Return the output of a URL that says nothing about it."""
    return Output(quality=service.quality, encoding=Encoding(mode=mode), source_format=True, original_formats=_KEPT)


def _format_fields(form: Format | None, *, compresses: bool, negotiates: bool) -> dict[str, object]:
    if negotiates and form is not Format.BLURHASH:
        chosen: dict[str, object] = {"formats": _NEGOTIATED, "negotiated": True, "ordered": True}
        return chosen | (_source_format(_KEPT) if form is None else {"fallback_format": form})
    if compresses and form is not Format.BLURHASH:
        return _source_format(_COMPRESSED)
    return _source_format(_KEPT) if form is None else {"formats": (form,)}


def _source_format(kept: tuple[Format, ...]) -> dict[str, object]:
    return {"source_format": True, "original_formats": kept}


def _encoding(values: Values, name: str, mode: RenderMode) -> Encoding:
    is_progressive = name in ("pjpg", "pjpeg") or values.value("jpg-progressive", name in ("jpg", "jpeg"))
    return Encoding(
        mode=mode,
        progressive=is_progressive and name not in ("png", "png8", "png24", "png32", "gif"),
        subsampling=values.value("chromasub", Subsampling.AUTO),
        lossless=values.value("lossless", False),
        colours=values.value("colorquant", _PNG8_COLOURS if name == "png8" else 0),
    )


def _animation(values: Values) -> Animation:
    if values.keys().isdisjoint(("fps", "loop", "reverse")):
        return AS_RECORDED
    fps = values.find("fps", int)
    delays = (round(1_000 / fps),) if fps else ()
    return Animation(delays_ms=delays, loop=values.find("loop", int), reverse=values.value("reverse", False))


def input_of(values: Values) -> Input:
    """Return which frames or pages are read, and how they are oriented."""
    if values.keys().isdisjoint(("frame", "page", "orient", "interval", "video-thumbnail")):
        return DEFAULT_INPUT
    is_still = "frame" in values
    time_s = values.find("video-thumbnail", Fraction)
    return Input(
        animated=not is_still,
        page=values.value("frame", values.value("page", 1)),
        time_s=None if time_s is None else float(time_s),
        orientation=values.value("orient", 0),
        frame_step=values.value("interval", 1),
    )


def filename_of(values: Values) -> str:
    """Return the name of a download, without folders."""
    name: str = values.value("dl", "")
    return name.replace("\n", " ").replace("\\", "/").rpartition("/")[2][:200]
