// A client: where the server is, how URLs are signed, and what they have in common.
import { candidates, imageAttributes, pictureParts } from "./candidates.js";
import { PixmillError } from "./errors.js";
import { INFO_NAMES } from "./parameters.js";
import { checkKey, sign } from "./signing.js";
import { baseText, mountText, sourceText } from "./source.js";
import { escape, plainNames, query, shortQuery } from "./spelling.js";

const SOURCE_FORMATS = ["avif", "webp"];
const PLACEHOLDERS = ["lqip", "blurhash", "thumbhash"];
const OPTIONS = ["base", "mount", "key", "origin", "expiresIn", "expiresEvery", "parameters", "allowKeyInBrowser", "now"];

/** @param {import("./index.js").ClientOptions} options */
export function createClient(options) {
  const settings = checked(options ?? {});
  const unsigned = (target) => {
    if (settings.key) {
      throw new PixmillError("signature_needed", "This client has a key: use the signed… functions, which wait for it");
    }
    return settings.base + settings.mount + target;
  };
  const signed = async (targets, when) => {
    if (!settings.key) throw new PixmillError("key_missing", "Signed URLs need a key", "key");
    const expires = expiryOf(settings, when);
    const all = targets.map((target) => sign(settings.mount + target, settings.key, expires));
    return (await Promise.all(all)).map((target) => settings.base + target);
  };
  const one = async (target, when) => (await signed([target], when))[0];
  const resize = (source, given) => imageTarget(settings, source, given);
  const infoTarget = (source, given) => targetOf("/info", settings, source, shortQuery(given, INFO_NAMES));

  const client = {
    base: settings.base,
    isSigned: Boolean(settings.key),
    url: (source, given = {}) => unsigned(resize(source, given)),
    signedUrl: (source, given = {}, when = {}) => one(resize(source, given), when),
    infoUrl: (source, given = {}) => unsigned(infoTarget(source, given)),
    signedInfoUrl: (source, given = {}, when = {}) => one(infoTarget(source, given), when),
    srcset(source, given = {}) {
      const { targets, write } = srcsetOf(settings, source, given);
      return write(targets.map(unsigned));
    },
    async signedSrcset(source, given = {}, when = {}) {
      const { targets, write } = srcsetOf(settings, source, given);
      return write(await signed(targets, when));
    },
    picture(source, given = {}) {
      const { targets, write } = pictureOf(settings, source, given);
      return write(targets.map(unsigned));
    },
    async signedPicture(source, given = {}, when = {}) {
      const { targets, write } = pictureOf(settings, source, given);
      return write(await signed(targets, when));
    },
    async placeholder(source, format = "lqip", init = {}) {
      if (!PLACEHOLDERS.includes(format)) {
        throw new PixmillError("invalid_parameter", `A placeholder is one of ${PLACEHOLDERS.join(", ")}`, "format");
      }
      const target = targetOf("/resize", settings, source, `format=${format}`);
      const response = await fetch(settings.key ? await one(target, {}) : unsigned(target), init);
      if (!response.ok) throw new PixmillError("request_failed", `The server answered with ${response.status}`);
      return (await response.text()).trim();
    },
  };
  return Object.freeze(client);
}

function checked(options) {
  checkNames(options, OPTIONS, "invalid_setting");
  const { base, mount = "", key, origin, expiresIn, expiresEvery, parameters = {}, allowKeyInBrowser, now = Date.now } = options;
  if (key !== undefined) {
    checkKey(key);
    if (!allowKeyInBrowser && typeof window !== "undefined" && typeof document !== "undefined") {
      throw new PixmillError("key_in_browser", "A key in a page is shown to all visitors: sign on the server", "key");
    }
  }
  for (const [name, value] of Object.entries({ expiresIn, expiresEvery })) {
    if (value !== undefined) checkSeconds(value, name, "invalid_setting");
  }
  query(parameters);
  return {
    base: baseText(base, "base"),
    mount: mountText(mount),
    key,
    origin: origin === undefined ? undefined : baseText(origin, "origin"),
    expiresIn,
    expiresEvery,
    parameters: plainNames(parameters),
    now,
  };
}

function checkNames(given, known, code) {
  const other = Object.keys(given).find((name) => !known.includes(name));
  if (other !== undefined) throw new PixmillError(code, `There is no option ${other.slice(0, 64)}: use ${known.join(", ")}`, other);
}

function checkSeconds(value, name, code) {
  if (!Number.isSafeInteger(value) || value <= 0) {
    throw new PixmillError(code, `${name} is a whole number of seconds, such as 3600`, name);
  }
}

/** Rounded up to a multiple of the window, so that pages show the same URL for a while. */
function expiryOf(settings, when) {
  checkNames(when, ["expires", "expiresIn"], "unknown_parameter");
  const { expires, expiresIn = settings.expiresIn } = when;
  if (expires !== undefined && when.expiresIn !== undefined) {
    throw new PixmillError("conflicting_parameters", "expires contradicts expiresIn: one of them is enough", "expires");
  }
  if (expires !== undefined) return expires instanceof Date ? Math.floor(expires.getTime() / 1000) : expires;
  if (expiresIn === undefined) return undefined;
  checkSeconds(expiresIn, "expiresIn", "invalid_parameter");
  const window = settings.expiresEvery ?? expiresIn;
  return Math.ceil((Math.floor(settings.now() / 1000) + expiresIn) / window) * window;
}

function targetOf(path, settings, source, rest) {
  const text = `url=${escape(sourceText(source, settings.origin))}`;
  return rest ? `${path}?${text}&${rest}` : `${path}?${text}`;
}

function imageTarget(settings, source, given) {
  return targetOf("/resize", settings, source, shortQuery({ ...settings.parameters, ...plainNames(given) }));
}

function srcsetOf(settings, source, { width, height, widths, densities, ...parameters }) {
  const all = candidates({ width, height, widths, densities });
  if (width && height) parameters.fit ??= settings.parameters.fit ?? "cover";
  return {
    widths: all.map(({ size }) => size.width),
    targets: all.map(({ size }) => imageTarget(settings, source, { ...parameters, ...size, dpr: null })),
    write: (urls) => urls.map((url, index) => `${withoutComma(url)} ${all[index].descriptor}`).join(", "),
  };
}

/** Browsers take a comma at the end of a URL for the end of the candidate. */
function withoutComma(url) {
  return url.replace(/,$/, "%2C");
}

function pictureOf(settings, source, given) {
  const { element, shape, parameters } = pictureParts(given);
  const { formats = SOURCE_FORMATS, fallbackFormat } = shape;
  if (!Array.isArray(formats)) throw new PixmillError("invalid_parameter", "formats is an array, such as [\"avif\"]", "formats");
  const all = [...formats, fallbackFormat].map((format) =>
    srcsetOf(settings, source, { ...only(shape), ...parameters, ...(format ? { format } : {}) }),
  );
  const image = all[all.length - 1];
  return {
    targets: all.flatMap(({ targets }) => targets),
    write(urls) {
      const count = image.targets.length;
      const srcSets = all.map(({ write: writeSet }, index) => writeSet(urls.slice(index * count, (index + 1) * count)));
      const attributes = imageAttributes(element, shape);
      const sizes = attributes.sizes ? { sizes: attributes.sizes } : {};
      const src = urls[formats.length * count + middle(image.widths, attributes.width)];
      return {
        sources: formats.map((format, index) => ({
          type: `image/${format === "jpg" ? "jpeg" : format}`,
          srcSet: srcSets[index],
          ...sizes,
        })),
        img: { ...attributes, srcSet: srcSets[formats.length], src },
      };
    },
  };
}

function only({ width, height, widths, densities }) {
  return { width, height, widths, densities };
}

/** The candidate for browsers without srcset: the one of `width`, else the one in the middle. */
function middle(widths, width) {
  const own = widths.indexOf(width);
  return own >= 0 ? own : Math.floor((widths.length - 1) / 2);
}
