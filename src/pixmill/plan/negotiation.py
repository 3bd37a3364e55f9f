"""Chooses the format of a plan whose formats have an order, by what the client shows.

Knows no header: ``api/http/negotiation.py`` reads Accept.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from pixmill.media import MODERN_FORMATS, Format
from pixmill.plan.ops import Output, Plan


def ordered_plans(plan: Plan, shown: AbstractSet[Format]) -> tuple[Plan, ...]:
    """Return the plans of the formats that a client can be sent, best first: those of explicit requests for each.

    ``shown`` are the modern formats that the client shows; it shows all others. The first plan is the answer, the
    others are for where an installation, or a format's largest side, does not allow it.
    """
    return tuple(replace(plan, output=output) for output in _ordered_outputs(plan.output, shown))


def _ordered_outputs(output: Output, shown: AbstractSet[Format]) -> Iterator[Output]:
    explicit = replace(output, negotiated=False, ordered=False, source_format=False, fallback_format=None)
    for form in output.formats:
        if form in shown or form not in MODERN_FORMATS:
            yield replace(explicit, formats=(form,))
    if output.source_format:
        yield replace(explicit, formats=(), source_format=True)
    elif output.fallback_format:
        yield replace(explicit, formats=(output.fallback_format,))
    else:
        yield replace(explicit, formats=(), negotiated=True)
