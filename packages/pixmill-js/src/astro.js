// An image service for Astro: images are not rendered at build time, but requested from the server by visitors.
import { createClient } from "./client.js";
import { PixmillError } from "./errors.js";
import { isInline } from "./source.js";

const QUALITIES = { low: 25, mid: 50, high: 80, max: 100 };
const FITS = { none: "outside", contain: "inside", "scale-down": "inside" };
const SIDES = { left: 0, top: 0, center: 0.5, right: 1, bottom: 1 };
const DEFAULT_KEY = "IMAGES_KEY";
const clients = new Map();

/** Returns the value of `image.service` in the configuration. */
export function pixmillService(config) {
  if (config.key !== undefined) {
    throw new PixmillError("key_in_browser", "A key in the configuration is written into bundles: use sign: true", "key");
  }
  return { entrypoint: "pixmill/astro", config };
}

const service = { validateOptions, getURL, getSrcSet, getHTMLAttributes, getRemoteSize };
export default service;

function validateOptions(options, { service: { config } }) {
  const { src, width, height, widths, densities } = options;
  if (widths && densities) throw new PixmillError("conflicting_parameters", "densities takes the place of widths", "densities");
  if (isFile(src) && !isVector(options) && !isDevelopment(src.src) && !config.origin && !isRemote(src.src)) {
    throw new PixmillError("invalid_setting", "Imported images need origin: the URL of your site, for the server to fetch them", "origin");
  }
  const own = sizeOf(options);
  gravityOf(options.position);
  if (!own.width || !own.height) {
    throw new PixmillError("missing_parameter", `The image ${isFile(src) ? src.src : src} needs width and height`, "width");
  }
  return { ...options, ...(width || height ? {} : own), width: own.width, height: own.height };
}

function getURL(options, { service: { config } }) {
  const { src } = options;
  const source = isFile(src) ? src.src : src;
  if (isInline(source) || isDevelopment(source) || isVector(options)) return source;
  const client = clientOf(config);
  const given = parametersOf(options, config.parameters ?? {});
  return client.isSigned ? client.signedUrl(source, given) : client.url(source, given);
}

/** The same candidates as the service of Astro: none, those of `widths`, or those of `densities`. */
function getSrcSet(options) {
  const { src, widths, densities, width: _, height: __, ...rest } = options;
  if (isVector(options)) return [];
  const { width, height } = sizeOf(options);
  const most = isFile(src) && src.format !== "svg" ? src.width : Infinity;
  const attributes = options.format ? { type: `image/${options.format === "jpg" ? "jpeg" : options.format}` } : {};
  const candidate = (wide, descriptor) => ({
    transform: { ...rest, src, width: wide, height: Math.round((wide * height) / width) },
    descriptor,
    attributes,
  });
  if (densities) {
    const numbers = densities.map(Number.parseFloat).sort((one, other) => one - other);
    return numbers.map((density) => candidate(Math.round(width * density), `${density}x`));
  }
  const limited = (widths ?? []).map((one) => Math.min(one, most)).sort((one, other) => one - other);
  return [...new Set(limited)].map((one) => candidate(one, `${one}w`));
}

function getHTMLAttributes(options) {
  const { src, format, formats, quality, densities, widths, layout, priority, fit, position, background, pixmill, ...rest } =
    options;
  return { ...rest, ...sizeOf(options), loading: rest.loading ?? "lazy", decoding: rest.decoding ?? "async" };
}

/** Of Astro 6 and later, for `inferSize`. */
async function getRemoteSize(source, { service: { config } }) {
  const client = clientOf(config);
  const response = await fetch(await (client.isSigned ? client.signedInfoUrl(source) : client.infoUrl(source)));
  if (!response.ok) throw new PixmillError("request_failed", `The server answered with ${response.status} for ${source}`);
  const { width, height, format } = await response.json();
  return { width, height, format };
}

function parametersOf({ width, height, format, quality, fit, position, background, pixmill }, defaults) {
  return {
    ...pixmill,
    width,
    height,
    fit: fit ? named(FITS, fit) : (pixmill?.fit ?? defaults.fit ?? "cover"),
    gravity: gravityOf(position) ?? pixmill?.gravity,
    background: background ?? pixmill?.background,
    format: format ?? pixmill?.format,
    quality: named(QUALITIES, quality) ?? pixmill?.quality,
  };
}

/** `object-position` of CSS by words and percentages; other words are gravities of the server. */
function gravityOf(position) {
  if (!position) return undefined;
  const words = String(position).trim().toLowerCase().split(/\s+/);
  if (words.length === 1 && /^[a-z_]+(?::\S*)?$/.test(words[0]) && !Object.hasOwn(SIDES, words[0])) return position.trim();
  const places = words.map((word) => (Object.hasOwn(SIDES, word) ? SIDES[word] : percentage(word)));
  if (words.length > 2 || !places.every((place) => place >= 0 && place <= 1)) {
    throw new PixmillError("invalid_parameter", `position is one such as "top", "25% 75%" or "smart", not ${words.join(" ").slice(0, 64)}`, "position");
  }
  if (words.length === 1) places.push(0.5);
  if (/^(?:top|bottom)$/.test(words[0]) || /^(?:left|right)$/.test(words[1])) places.reverse();
  const [x, y] = places;
  return x === 0.5 && y === 0.5 ? undefined : `pos:${x},${y}`;
}

function percentage(word) {
  return /^\d+(?:\.\d+)?%$/.test(word) ? Number.parseFloat(word) / 100 : NaN;
}

function named(table, name) {
  return Object.hasOwn(table, name) ? table[name] : name;
}

function sizeOf({ src, width, height }) {
  const wide = Math.round(Number(width)) || undefined;
  const high = Math.round(Number(height)) || undefined;
  if (!isFile(src) || (wide && high)) return { width: wide, height: high };
  const ratio = src.width / src.height;
  if (wide) return { width: wide, height: Math.round(wide / ratio) };
  return high ? { width: Math.round(high * ratio), height: high } : { width: src.width, height: src.height };
}

/** Imported; SVGs are components that have the same properties. */
function isFile(src) {
  return (typeof src === "object" && src !== null) || (typeof src === "function" && "src" in src);
}

/** An imported SVG is shown as it is, unless it is to have another format. */
function isVector({ src, format }) {
  return isFile(src) && src.format === "svg" && (!format || format === "svg");
}

function isRemote(source) {
  return /^(?:https?:)?\/\//.test(source);
}

/** A file that only the development server has: shown as it is. */
function isDevelopment(source) {
  return source.startsWith("/@") || source.startsWith("/_image?");
}

function clientOf(config) {
  const { sign, keyName = DEFAULT_KEY, ...options } = config;
  const key = sign ? globalThis.process?.env?.[keyName] : undefined;
  if (sign && !key) throw new PixmillError("key_missing", `sign needs the key in the environment, as ${keyName}`, "key");
  const id = JSON.stringify([options, key]);
  if (!clients.has(id)) clients.set(id, createClient({ ...options, key }));
  return clients.get(id);
}
