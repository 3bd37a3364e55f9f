// Which original is meant: a URL, or a path of the server's own images.
import { PixmillError } from "./errors.js";

/**
 * Returns the text of `url=`. With an origin, a path that starts with a slash is a file of that site.
 *
 * @param {string | URL} source
 * @param {string} [origin]
 */
export function sourceText(source, origin) {
  const text = source instanceof URL ? source.href : source;
  if (typeof text !== "string" || text === "") {
    throw new PixmillError("invalid_parameter", "A source is the URL or the path of an image", "url");
  }
  if (/^(?:data|blob|file|javascript):/i.test(text)) {
    throw new PixmillError("invalid_parameter", `The server cannot fetch a ${text.split(":", 1)[0]}: URL`, "url");
  }
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    throw new PixmillError("invalid_parameter", "A source has no control characters", "url");
  }
  if (text.startsWith("//")) return `https:${text}`;
  return origin && text.startsWith("/") ? origin + text : text;
}

/** Whether no server is needed, or none can help: SVGs inside of pages, files of the browser, nothing at all. */
export function isInline(source) {
  return typeof source === "string" && (source === "" || /^(?:data|blob):/i.test(source));
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
