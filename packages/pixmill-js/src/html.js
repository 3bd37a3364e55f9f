// A picture as HTML, for templates without React.
import { PixmillError } from "./errors.js";

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const NAMES = { className: "class", srcSet: "srcset", fetchPriority: "fetchpriority" };

/** Returns a `<picture>` element. */
export function pictureHtml({ sources, img }) {
  const all = sources.map((source) => `<source${attributes(source)}>`);
  return `<picture>${all.join("")}<img${attributes(img)}></picture>`;
}

function attributes(values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== false);
  return given.map(([name, value]) => ` ${attributeName(name)}="${escaped(value === true ? "" : String(value))}"`).join("");
}

function attributeName(name) {
  if (!/^[a-z][a-z0-9:_-]*$/i.test(name)) {
    throw new PixmillError("invalid_parameter", "The name of an attribute has letters, digits, - and _", name);
  }
  return Object.hasOwn(NAMES, name) ? NAMES[name] : name;
}

function escaped(text) {
  return text.replace(/[&<>"']/g, (letter) => ESCAPES[letter]);
}
