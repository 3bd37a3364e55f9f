// A transformer for unpic and its components: URLs of the server are taken apart, changed and written again.
import { createClient } from "./client.js";
import { PixmillError } from "./errors.js";
import { isInline } from "./source.js";

const ALONE = new Set(["url", "src", "expires", "sig"]);
const NUMBERS = new Set(["width", "height", "quality"]);
const NOWHERE = "http://n";
const MAX_CLIENTS = 16;
const clients = new Map();

/** Returns the parts of a URL of the server; null if it is another one. */
export function extract(url, { baseURL } = {}) {
  const parsed = parse(url);
  const source = parsed?.pathname.endsWith("/resize") ? parsed.searchParams.get("url") : null;
  if (!source) return null;
  const origin = parsed.origin === NOWHERE ? "" : parsed.origin;
  const base = origin + parsed.pathname.slice(0, -"/resize".length);
  if (baseURL !== undefined && base !== String(baseURL).replace(/\/+$/, "")) return null;
  const operations = {};
  for (const [name, value] of parsed.searchParams) {
    if (!ALONE.has(name)) operations[name] = NUMBERS.has(name) && /^\d+$/.test(value) ? Number(value) : value;
  }
  return { src: source, operations, options: { baseURL: base } };
}

/** Returns the URL of an image. All operations are parameters of the server; those that are undefined do not count. */
export function generate(src, operations, { baseURL, origin } = {}) {
  if (isInline(src)) return src;
  const { width, height, fit, ...others } = operations;
  const cover = width && height ? "cover" : undefined;
  const size = { width: whole(width), height: whole(height), fit: fit ?? cover };
  return clientOf(baseURL, origin).url(src, { ...others, ...size });
}

/** Returns the URL of an image, or a URL of the server with other operations. */
export function transform(src, operations, options = {}) {
  const found = extract(src, options);
  if (!found) return generate(src, operations, options);
  const given = Object.entries(operations).filter(([, value]) => value !== undefined && value !== null);
  return generate(found.src, { ...found.operations, ...Object.fromEntries(given) }, { ...options, ...found.options });
}

/** Returns the three functions for one server. */
export function createTransformer(defaults) {
  return {
    extract: (url, options) => extract(url, { ...defaults, ...options }),
    generate: (src, operations, options) => generate(src, operations, { ...defaults, ...options }),
    transform: (src, operations, options) => transform(src, operations, { ...defaults, ...options }),
  };
}

function parse(url) {
  try {
    return url instanceof URL ? url : new URL(url, NOWHERE);
  } catch {
    return undefined;
  }
}

function clientOf(base, origin) {
  if (base === undefined) throw new PixmillError("invalid_setting", "The options need baseURL: where the server is", "baseURL");
  const id = JSON.stringify([base, origin]);
  if (!clients.has(id)) {
    if (clients.size >= MAX_CLIENTS) clients.clear(); // each base that a URL has that is taken apart
    clients.set(id, createClient({ base, origin }));
  }
  return clients.get(id);
}

function whole(side) {
  const number = Number(side);
  return side === undefined || side === null ? undefined : Number.isFinite(number) ? Math.round(number) : side;
}
