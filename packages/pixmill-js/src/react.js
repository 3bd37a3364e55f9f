// <Picture>: no state and no effects, so that it renders on servers, in server components and in browsers alike.
import { createElement } from "react";
import { createClient } from "./client.js";
import { PixmillError } from "./errors.js";

const TINY = { width: 32, format: "webp", quality: 40, blur: 1 };
const OPTIONS = ["width", "height", "widths", "densities", "formats", "fallbackFormat", "alt", "sizes", "loading"];
OPTIONS.push("priority", "decoding", "className", "fit", "gravity", "quality");

/** Returns a component whose images come from one server. */
export function createPicture(options) {
  const client = createClient(options);
  return function Picture({ src, placeholder, ...props }) {
    const { given, attributes } = split(props);
    const tiny = placeholder === true ? client.url(src, tinyOf(given)) : placeholder;
    return elementOf(client.picture(src, given), attributes, tiny);
  };
}

/** Returns an async component for servers, whose URLs are signed. */
export function createSignedPicture(options) {
  const client = createClient(options);
  return async function SignedPicture({ src, placeholder, ...props }) {
    const { given, attributes } = split(props);
    const tiny = placeholder === true ? client.signedUrl(src, tinyOf(given)) : placeholder;
    return elementOf(await client.signedPicture(src, given), attributes, await tiny);
  };
}

function split({ parameters, ...props }) {
  const given = { ...parameters };
  const attributes = {};
  for (const [name, value] of Object.entries(props)) (OPTIONS.includes(name) ? given : attributes)[name] = value;
  return { given, attributes };
}

function tinyOf({ width, height, fit, gravity }) {
  if (!width || !height) return TINY;
  return { ...TINY, height: Math.max(1, Math.round((TINY.width * height) / width)), fit: fit ?? "cover", gravity };
}

function elementOf({ sources, img }, { style, ...attributes }, placeholder) {
  const own = { maxWidth: "100%", height: "auto", ...background(placeholder), ...style };
  return createElement(
    "picture",
    null,
    ...sources.map((source) => createElement("source", { key: source.type, ...source })),
    // React sets attributes in order: src after srcset, so that no browser requests both.
    createElement("img", { ...attributes, ...img, style: own }),
  );
}

/** Of a colour, a data URI or a URL: what is seen until the image has been loaded. */
function background(placeholder) {
  if (!placeholder) return {};
  if (typeof placeholder !== "string" || !/^(?:data:image\/|https?:|\/)/.test(placeholder)) return { backgroundColor: colour(placeholder) };
  const url = placeholder.replace(/["\\\n\r\f]/g, encodeURIComponent);
  return { backgroundImage: `url("${url}")`, backgroundSize: "cover", backgroundPosition: "center" };
}

/** React writes it into the style as it is: a semicolon would begin another property. */
function colour(text) {
  if (typeof text !== "string" || !/^[#\w(), .%/+-]{1,100}$/.test(text)) {
    throw new PixmillError("invalid_parameter", "placeholder is a colour, a data URI or URL of an image, or true", "placeholder");
  }
  return text;
}
