// Which original is meant: a URL, or a path of the server's own images.
import { PixmillError } from "./errors.js";

const SCHEMES = /^(?:(?:https?|s3|gs|az):\/\/|canvas:|upload:)/i;

const SCHEME = /^([a-z][a-z0-9+.-]*):(\/\/)?/i;

/**
 * Returns the text of `url=`. With an origin, a path that starts with a slash is a file of that site.
 *
 * @param {string | URL} source
 * @param {string} [origin]
 */
export function sourceText(source, origin) {
  const text = source instanceof URL ? source.href : source;
  if (typeof text !== "string" || text === "") {
    throw invalid("A source is the URL or the path of an image");
  }
  if (/[\u0000-\u001f\u007f]/.test(text)) throw invalid("A source has no control characters");
  if (text.startsWith("//")) return `https:${text}`;
  if (text.startsWith("/") && origin) return origin + text;
  const scheme = SCHEME.exec(text.startsWith("/") ? text.slice(1) : text);
  if (text.startsWith("/")) return scheme ? text : text.slice(1);
  if (!scheme || SCHEMES.test(text)) return text;
  if (scheme[2] || /^(?:data|blob|javascript)$/i.test(scheme[1])) {
    throw invalid(`The server fetches http, https, s3, gs and az URLs, not ${scheme[1].slice(0, 20)}:`);
  }
  return `/${text}`; // a path with a colon
}

function invalid(message) {
  return new PixmillError("invalid_parameter", message, "url");
}

/** Whether no server is needed, or none can help: SVGs inside of pages, files of the browser, nothing at all. */
export function isInline(source) {
  return typeof source === "string" && (source === "" || /^(?:data|blob):/i.test(source));
}

/** Returns the path of the dialect, percent-encoded: what is signed besides the path of the endpoint. */
export function mountText(mount) {
  if (typeof mount !== "string" || !/^(?:\/(?!\/)[^?#\s\\]*)?$/.test(mount)) {
    throw new PixmillError("invalid_setting", "mount is a path that begins with a slash, such as /images", "mount");
  }
  return new URL(mount, "http://host").pathname.replace(/\/+$/, "");
}

/** Returns the URL without the slash at its end; an empty text, or a path, is one of the page's own host. */
export function baseText(base, name) {
  const text = base instanceof URL ? base.href : base;
  if (typeof text !== "string") throw new PixmillError("invalid_setting", `${name} is the URL of a server`, name);
  if (text === "" || /^\/(?!\/)[^?#\s]*$/.test(text)) return text.replace(/\/+$/, "");
  let url;
  try {
    url = new URL(text);
  } catch {
    throw new PixmillError("invalid_setting", `${name} must be a URL, such as https://images.example.com`, name);
  }
  if (!/^https?:$/.test(url.protocol) || url.search || url.hash || url.username || url.password) {
    throw new PixmillError("invalid_setting", `${name} must be an http URL without user, query and fragment`, name);
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}
