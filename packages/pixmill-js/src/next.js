// A loader for next/image. It runs in browsers as well, so that it never has a key: see next-server.js.
import { createClient } from "./client.js";
import { PixmillError } from "./errors.js";
import { isInline } from "./source.js";

/** Returns a loader, for `images.loaderFile` or the attribute `loader`. */
export function createLoader(options) {
  if (options.key !== undefined) {
    throw new PixmillError("key_in_browser", "A loader runs in browsers: sign with pixmill/next/server", "key");
  }
  const client = createClient(options);
  return ({ src, width, quality }) => (isInline(src) ? src : client.url(src, { width, quality }));
}

let loader;

/** The loader for the server of NEXT_PUBLIC_IMAGES_URL. */
export default function pixmillLoader(image) {
  const base = process.env.NEXT_PUBLIC_IMAGES_URL; // Next writes the value here when it builds
  if (base === undefined) {
    throw new PixmillError("invalid_setting", "NEXT_PUBLIC_IMAGES_URL says where the server is, when the site is built", "base");
  }
  loader ??= createLoader({ base, origin: process.env.NEXT_PUBLIC_SITE_URL || undefined });
  return loader(image);
}
