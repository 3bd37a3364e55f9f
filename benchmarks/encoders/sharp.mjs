// Encodes images with sharp, on one thread; for sharp.py beside it.
//
// Standard input has one JSON object a line: source, side (0 for no resizing), format, options and out. The answer is a
// line with the milliseconds of CPU time, or an error. Decoding a source that is not resized is not counted.

import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const sharp = createRequire(process.argv[2])("sharp");
sharp.cache(false);
sharp.concurrency(1);

for await (const line of createInterface({ input: process.stdin })) {
  const { source, side, format, options, out } = JSON.parse(line);
  const file = readFileSync(source);
  const decoded = side ? null : await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const began = process.cpuUsage();
  const image = side
    ? sharp(file).resize(side, side, { fit: "inside", withoutEnlargement: true })
    : sharp(decoded.data, { raw: decoded.info });
  const body = await image.toFormat(format, options).toBuffer();
  const { user, system } = process.cpuUsage(began);
  writeFileSync(out, body);
  console.log(JSON.stringify({ cpu_ms: (user + system) / 1000 }));
}
