"""Chooses the format of a plan whose formats have an order, by what the client shows.

Knows no header: ``api/http/negotiation.py`` reads Accept.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from pixmill.media import MEDIA, MODERN_FORMATS, Format
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Output, Plan


def ordered_plans(plan: Plan, shown: AbstractSet[Format]) -> tuple[Plan, ...]:
    """Return the plans of the formats that a client can be sent, best first: those of explicit requests for each.

    ``shown`` are the modern formats that the client shows; it shows all others. The first plan is the answer, the
    others are for where an installation, or a format's largest side, does not allow it.
    """
    return tuple(normal_form(replace(plan, output=output)) for output in _ordered_outputs(plan.output, shown))


def _ordered_outputs(output: Output, shown: AbstractSet[Format]) -> Iterator[Output]:
    explicit = replace(
        output, negotiated=False, ordered=False, source_format=False, fallback_format=None, original_formats=()
    )
    for form in output.formats:
        if form in shown or form not in MODERN_FORMATS:
            yield replace(explicit, formats=(form,))
    if output.source_format:
        yield replace(
            explicit,
            formats=(),
            source_format=True,
            original_formats=output.original_formats,
            fallback_format=output.fallback_format if output.original_formats else None,
        )
    elif output.fallback_format:
        yield replace(explicit, formats=(output.fallback_format,))
    else:
        yield replace(explicit, formats=(), negotiated=True)


def kept_format(output: Output, original: Format) -> Format | None:
    """Return the format of the original, if the result keeps it."""
    is_kept = output.source_format and (not output.original_formats or original in output.original_formats)
    return original if is_kept else None


def replacing_format(output: Output, *, alpha: bool, animated: bool) -> Format | None:
    """Return ``fallback_format``, else the first of ``original_formats`` that can hold the image, else the first.

    None if there are none. Animations become GIFs rather than PNGs, whose first frame is all that many programs show.
    """
    if output.fallback_format:
        return output.fallback_format
    formats = [form for form in output.original_formats if form is not Format.SVG]
    fitting = (
        form
        for form in formats
        if (MEDIA[form].alpha or not alpha) and (not animated or (MEDIA[form].animation and form is not Format.PNG))
    )
    return next(fitting, next(iter(formats), None))
