// Signatures by Web Crypto, which Node, browsers, workers at the edge, Deno and Bun have.
import { PixmillError } from "./errors.js";

const MIN_KEY_BYTES = 16;
const HMAC = { name: "HMAC", hash: "SHA-256" };
const imported = new Map();

/**
 * Returns path and query with `expires`, in seconds since 1970, and their signature.
 *
 * @param {string} target path and query as they are sent, percent-encoded
 * @param {string | Uint8Array} key the text of PIXMILL_KEYS, of which the first key signs, or bytes
 * @param {number} [expires]
 * @returns {Promise<string>}
 */
export async function sign(target, key, expires) {
  if (!/^\/[\x21-\x7e]*$/.test(target) || target.includes("#")) {
    throw new PixmillError("invalid_target", "What is signed is a percent-encoded path with its query, without the host");
  }
  const names = target.slice(target.indexOf("?") + 1).split("&").map((piece) => piece.split("=", 1)[0]);
  if (!target.includes("?") || names.includes("sig") || (expires !== undefined && names.includes("expires"))) {
    throw new PixmillError("invalid_target", "The target needs a query, without sig, and with one expires at most");
  }
  if (expires !== undefined && !(Number.isSafeInteger(expires) && expires > 0 && expires < 1e12)) {
    throw new PixmillError("invalid_parameter", "An expiry is a whole number of seconds since 1970", "expires");
  }
  const signed = expires === undefined ? target : `${target}&expires=${expires}`;
  const digest = await crypto.subtle.sign("HMAC", await secret(key), new TextEncoder().encode(signed));
  const text = btoa(String.fromCharCode(...new Uint8Array(digest)));
  return `${signed}&sig=${text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

/** Raises a PixmillError unless this is a key that the server takes. */
export function checkKey(key) {
  if (keyBytes(key).length < MIN_KEY_BYTES) {
    throw new PixmillError("invalid_setting", `A key has at least ${MIN_KEY_BYTES} bytes`, "key");
  }
}

function keyBytes(key) {
  if (key instanceof Uint8Array) return key;
  if (typeof key !== "string") throw new PixmillError("invalid_setting", "A key is a text or a Uint8Array", "key");
  const first = key.split(",").map((one) => one.trim()).find(Boolean);
  return new TextEncoder().encode(first ?? "");
}

function secret(key) {
  checkKey(key);
  if (!globalThis.crypto?.subtle) {
    throw new PixmillError("no_web_crypto", "Signing needs Web Crypto: Node 20, or a page that was loaded by HTTPS");
  }
  if (typeof key !== "string") return crypto.subtle.importKey("raw", keyBytes(key), HMAC, false, ["sign"]);
  if (!imported.has(key)) {
    if (imported.size >= 16) imported.clear();
    imported.set(key, crypto.subtle.importKey("raw", keyBytes(key), HMAC, false, ["sign"]));
  }
  return imported.get(key);
}
