// Makes vectors.json with the encoders that the authors of ThumbHash (JavaScript) and BlurHash (C) publish:
//
//     npm install thumbhash@0.1.1 && pip install blurhash-python==1.2.2 && node vectors.mjs | python vectors.py > vectors.json
//
// Each picture is made of triangle waves, one for each channel, in whole numbers, so that every language makes the same. The
// waves are steep: of a flat or straight channel the coefficients are nothing but rounding, which differs from one cosine to another.
import { rgbaToThumbHash } from "thumbhash";

const sizes = [[1, 1], [32, 24], [24, 32], [100, 75], [50, 100], [100, 50], [14, 9], [9, 14], [33, 32], [7, 5], [2, 100], [32, 32]];

let state = 1;
const below = (limit) => (state = (state * 48271) % 2147483647) % limit; // Lehmer's generator

const picture = (width, height, waves) => {
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let at = 0; at < 4; at++) {
        const [across, down, start] = waves[at];
        pixels[(y * width + x) * 4 + at] = Math.abs(((x * across + y * down + start) % 510) - 255);
      }
  return pixels;
};

const vectors = [];
for (const [width, height] of sizes)
  for (const opaque of [true, false, true, false]) {
    const waves = [0, 1, 2].map(() => [31 + below(200), 31 + below(200), below(510)]);
    waves.push(opaque ? [0, 0, 0] : [31 + below(200), 31 + below(200), below(510)]);
    const pixels = picture(width, height, waves);
    const thumbhash = Buffer.from(rgbaToThumbHash(width, height, pixels)).toString("base64");
    vectors.push({ width, height, waves, thumbhash });
  }
console.log(JSON.stringify(vectors));
