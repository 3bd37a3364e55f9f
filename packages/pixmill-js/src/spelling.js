// How parameters are written in a URL: the same text for the same parameters in each language's client.
import { PixmillError } from "./errors.js";
import { ALIASES, COLORS, COLOR_NAMES, DECIMALS, DEFAULTS, FLAGS, NAMES, SYNONYMS, WORD_LISTS } from "./parameters.js";

const SEPARATORS = { overlay: ";", then: "|" };

/** Percent-encodes UTF-8; `/`, `:`, `,` and `;` stay, which mean nothing in a query. */
export function escape(text) {
  try {
    return encodeURIComponent(text)
      .replace(/[!'()*]/g, (letter) => "%" + letter.charCodeAt(0).toString(16).toUpperCase())
      .replace(/%(?:2F|3A|2C|3B)/g, decodeURIComponent);
  } catch {
    throw new PixmillError("invalid_parameter", "A text has half of a surrogate pair, which is no Unicode");
  }
}

/** Returns the query of a whole URL: without defaults, which without a preset mean the same as nothing. */
export function shortQuery(parameters, names = NAMES) {
  const texts = textsOf(parameters, names);
  if (!texts.has("preset")) {
    for (const [name, text] of texts) if (text !== "" && text === DEFAULTS[name]) texts.delete(name);
  }
  return written(texts, names);
}

/** Returns the query of these parameters, in the order of `names`; those that are null or undefined are left out. */
export function query(parameters, names = NAMES) {
  return written(textsOf(parameters, names), names);
}

function written(texts, names) {
  const known = names.filter((name) => texts.has(name));
  return known.map((name) => `${name}=${escape(texts.get(name))}`).join("&");
}

/** Returns parameters under the names that URLs have, without those that are undefined. */
export function plainNames(parameters, names = NAMES) {
  const plain = {};
  for (const [given, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    const name = Object.hasOwn(ALIASES, given) ? ALIASES[given] : given;
    if (!names.includes(name)) throw unknown(given, names);
    if (Object.hasOwn(plain, name)) throw new PixmillError("repeated_parameter", `${name} is given more than once`, name);
    plain[name] = value;
  }
  return plain;
}

function textsOf(parameters, names) {
  const given = Object.entries(plainNames(parameters, names)).filter(([, value]) => value !== null);
  return new Map(given.map(([name, value]) => [name, canonical(name, textOf(name, value))]));
}

function textOf(name, value) {
  if (Array.isArray(value)) return Array.from(value, (item) => textOf(name, item)).join(SEPARATORS[name] ?? ",");
  switch (typeof value) {
    case "boolean":
      return String(value);
    case "number":
      return numberText(name, value);
    case "string":
      if (/[\u0000-\u001f\u007f]/.test(value)) throw invalid(name, "has a control character");
      return value;
    case "object":
      if (value instanceof URL) return value.href;
      if (name === "then") return query(value);
  }
  throw invalid(name, `must be a text, a number, a flag or a list of them, not ${describe(value)}`);
}

/** The one text that URLs have for all values that mean the same. */
function canonical(name, text) {
  if (FLAGS.includes(name) && (text === "1" || text === "0")) return String(text === "1");
  if (Object.hasOwn(SYNONYMS, name) && Object.hasOwn(SYNONYMS[name], text)) return SYNONYMS[name][text];
  if (DECIMALS.includes(name) && text.length < 16 && /^(?:0|[1-9][0-9]{0,5})\.[0-9]+$/.test(text)) {
    return numberText(name, Number(text));
  }
  if (WORD_LISTS.includes(name)) return [...new Set(text.split(","))].join(",");
  return COLORS.includes(name) ? colorText(text) : text;
}

function colorText(text) {
  const place = COLOR_NAMES.indexOf(text);
  let digits = place % 2 === 0 ? COLOR_NAMES[place + 1] : text.replace(/^#/, "").toLowerCase();
  if (!/^(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/.test(digits)) return text;
  if (digits.length <= 4) digits = digits.replace(/./g, "$&$&");
  if (digits.endsWith("00") && digits.length === 8) return "ffffff00";
  return digits.length === 8 && digits.endsWith("ff") ? digits.slice(0, 6) : digits;
}

/** A decimal without an exponent, as short as it can be. */
function numberText(name, value) {
  if (!Number.isFinite(value)) throw invalid(name, `must be a number, not ${value}`);
  const text = String(value === 0 ? 0 : value);
  if (!text.includes("e")) return text;
  return Math.abs(value) < 1 ? value.toFixed(20).replace(/0+$/, "") : BigInt(value).toString();
}

function describe(value) {
  return typeof value === "object" ? value.constructor?.name ?? "an object" : `a ${typeof value}`;
}

function invalid(name, reason) {
  return new PixmillError("invalid_parameter", `${name} ${reason}`, name);
}

function unknown(name, names) {
  const near = nearest(name.replace(/[A-Z]/g, (letter) => "_" + letter.toLowerCase()).replaceAll("-", "_"), names);
  const hint = near ? `; did you mean ${near}?` : "";
  return new PixmillError("unknown_parameter", `There is no parameter ${name.slice(0, 64)}${hint}`, name);
}

/** The name that differs in at most two letters, or has one more. */
function nearest(name, names) {
  if (name.length > 32) return undefined;
  const near = names.map((other) => [distance(name, other), other]).sort(([one], [other]) => one - other)[0];
  return near[0] <= Math.min(2, name.length / 2) ? near[1] : undefined;
}

function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[other.length];
}
