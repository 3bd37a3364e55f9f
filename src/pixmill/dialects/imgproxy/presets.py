"""Applies options and presets to the state of a request. Knows names of options; must never know a URL's syntax."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from pixmill.dialects.imgproxy.config import Config, OptionSegment
from pixmill.dialects.imgproxy.options import APPLY, PRESET_NAMES
from pixmill.dialects.imgproxy.state import Pipeline, RequestState
from pixmill.errors import InvalidParameter, UnknownParameter

_DEFAULT: Final = "default"
MAX_APPLICATIONS: Final = 4_096
"""Of options, in nested presets together."""


class OptionApplier:
    """Applies the options of one URL: first the preset ``default``, then those of the URL, from left to right."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._count = 0
        options = config.options
        self.state = RequestState(
            policy=config.policy,
            auto_rotate=options.auto_rotate,
            max_animation_frames=options.max_animation_frames,
            max_result_dimension=options.max_result_dimension,
            format_quality=dict(config.format_quality),
            encoder=replace(config.encoder),
            strip_metadata=options.strip_metadata,
            keep_copyright=options.keep_copyright,
            strip_colour_profile=options.strip_color_profile,
            skip_formats=config.skip_formats,
            attachment=options.return_attachment,
        )
        if _DEFAULT in config.presets:
            self.apply_presets((_DEFAULT,))

    def apply(self, pipelines: Sequence[Iterable[OptionSegment]]) -> None:
        """Apply the options of a URL. Raises BadRequest and Forbidden."""
        limit = self._config.options.max_chained_pipelines
        if limit and len(pipelines) > limit:
            raise InvalidParameter(f"A URL may have at most {limit} pipelines")
        allowed = self._config.allowed_options
        for number, segments in enumerate(pipelines):
            self._select(number)
            for name, arguments in segments:
                if allowed and name in APPLY and name not in allowed:
                    raise InvalidParameter(f"The option {name} is not allowed", param=name)
                self._apply_one(name, arguments, ())
        self.state.current = 0

    def apply_presets(self, names: Iterable[str], used: tuple[str, ...] = ()) -> None:
        """Apply presets by name. The pipelines of a preset are merged with those from the current one on."""
        start = self.state.current
        for name in names:
            if name not in self._config.presets:
                raise InvalidParameter(f"There is no preset {name[:64]}", param="preset")
            if name in used:
                continue
            for number, segments in enumerate(self._config.presets[name], start):
                self._select(number)
                for option, arguments in segments:
                    self._apply_one(option, arguments, (*used, name))
            self.state.current = start

    def _apply_one(self, name: str, arguments: tuple[str, ...], used: tuple[str, ...]) -> None:
        self._count += 1
        if self._count > MAX_APPLICATIONS:
            raise InvalidParameter(f"Presets may have at most {MAX_APPLICATIONS} options together", param="preset")
        if name in PRESET_NAMES:
            self.apply_presets(arguments, used)
        elif name in APPLY:
            APPLY[name](self.state, arguments)
        else:
            raise UnknownParameter(f"There is no option {name[:64]}", param=name[:64])

    def _select(self, number: int) -> None:
        while len(self.state.pipelines) <= number:
            self.state.pipelines.append(Pipeline())
        self.state.current = number
