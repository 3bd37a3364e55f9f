"""Adapts a frame sequence to a multi-frame Pillow image, as Pillow's encoders expect.

Seeking to the next frame produces it. Pillow's encoders seek forward only, one frame at a time; earlier frames are
not available again.
"""

from PIL import Image

from pixmill.engine.codecs.frame_sequence import FrameSequence
from pixmill.engine.raster.convert import to_pillow


class PillowSequence(Image.Image):
    """Frames in RGB or RGBA, positioned at the first."""

    is_animated = True

    def __init__(self, sequence: FrameSequence) -> None:
        super().__init__()
        self._frames = sequence.frames
        self._position = -1
        self.n_frames = len(sequence.timing.delays_ms)
        self.seek(0)

    def seek(self, frame: int) -> None:
        if frame >= self.n_frames:
            raise EOFError
        while self._position < frame:
            image = to_pillow(next(self._frames))
            image = image if image.mode in ("RGB", "RGBA") else image.convert("RGBA" if "A" in image.mode else "RGB")
            self.im, self._mode, self._size = image.im, image.mode, image.size
            self._position += 1

    def tell(self) -> int:
        return self._position
