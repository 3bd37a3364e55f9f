"""The second half of the command in ``vectors.mjs``: adds the BlurHash of each image, by its authors' C code."""

import json
import sys

from blurhash import encode  # here the package blurhash-python, not blurhash
from PIL import Image


def main() -> None:
    vectors = json.load(sys.stdin)
    for vector in vectors:
        width, height, waves = vector["width"], vector["height"], vector["waves"][:3]
        codes = [abs((x * a + y * b + c) % 510 - 255) for y in range(height) for x in range(width) for a, b, c in waves]
        image = Image.frombytes("RGB", (width, height), bytes(codes))
        vector["blurhash"] = encode(image, *((4, 3) if width >= height else (3, 4)))
    lines = ",\n".join(json.dumps(vector, separators=(",", ":")) for vector in vectors)
    sys.stdout.write(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
