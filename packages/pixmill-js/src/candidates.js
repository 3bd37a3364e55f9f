// The candidates of an image on a page: which widths, and what the elements say. Knows no URL.
import { PixmillError } from "./errors.js";
import { DEFAULT_WIDTHS } from "./parameters.js";

const MAX_SIDE = 16_383;
const MAX_DENSITY = 2;
const SAME_WIDTH = 0.1;

/**
 * Returns what each candidate of a srcset has besides the parameters that all share.
 *
 * With `widths`, or none: those widths, by default as `/srcset` of the server chooses them. With `densities`: `width`
 * times each of them. `height` with `width` is the shape of all.
 */
export function candidates({ width, height, widths, densities }) {
  width = pixels(width, "width");
  height = pixels(height, "height");
  if (height && !width) throw missing("height needs width: together they are the shape of all candidates");
  if (densities && widths) throw conflict("densities", "densities takes the place of widths", "conflicting_parameters");
  const shape = width && height ? height / width : undefined;
  if (!densities) return chosenWidths(width, widths).map((one) => candidate(one, shape, `${one}w`));
  if (!width) throw missing("densities needs width: that of the image on the page");
  return numbers(densities, "densities", 8).map((density) =>
    candidate(Math.min(MAX_SIDE, Math.round(width * density)), shape, `${density}x`),
  );
}

function candidate(width, shape, descriptor) {
  const height = shape ? Math.max(1, Math.round(width * shape)) : undefined;
  return { size: height ? { width, height } : { width }, descriptor };
}

function chosenWidths(width, widths) {
  if (widths) return numbers(widths, "widths", MAX_SIDE).map((one) => pixels(one, "widths"));
  if (!width) return DEFAULT_WIDTHS;
  const own = [width, Math.min(MAX_SIDE, MAX_DENSITY * width)];
  const between = DEFAULT_WIDTHS.filter(
    (one) => one < own[1] && own.every((other) => Math.abs(one - other) > other * SAME_WIDTH),
  );
  return [...new Set([...between, ...own])].sort((one, other) => one - other);
}

function numbers(values, name, most) {
  const sorted = [...new Set(Array.isArray(values) ? values : [])].sort((one, other) => one - other);
  if (sorted.length === 0 || !sorted.every((one) => typeof one === "number" && one > 0 && one <= most)) {
    throw conflict(name, `${name} are numbers above 0, up to ${most}`);
  }
  return sorted;
}

function pixels(value, name) {
  if (value === undefined || value === null) return undefined;
  const number = typeof value === "string" && /^[0-9]+(?:px)?$/.test(value) ? Number.parseInt(value, 10) : value;
  if (!Number.isFinite(number) || number < 0.5 || number > MAX_SIDE) {
    throw conflict(name, `${name} must be pixels, from 1 to ${MAX_SIDE}`);
  }
  return Math.round(number);
}

function conflict(name, message, code = "invalid_parameter") {
  return new PixmillError(code, message, name);
}

function missing(message) {
  return conflict("width", message, "missing_parameter");
}

const ELEMENT = ["alt", "sizes", "loading", "priority", "decoding", "className"];
const SHAPE = ["width", "height", "widths", "densities", "formats", "fallbackFormat"];

/** Splits what a picture is given into what its elements say, the candidates, and the parameters of all URLs. */
export function pictureParts(options) {
  const parts = { element: {}, shape: {}, parameters: Object.create(null) };
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const part = ELEMENT.includes(name) ? parts.element : SHAPE.includes(name) ? parts.shape : parts.parameters;
    part[name] = value;
  }
  if (parts.parameters.format !== undefined) throw conflict("format", "a picture has formats, not one format", "conflicting_parameters");
  return parts;
}

/** Returns the attributes of `<img>` but for its URLs. */
export function imageAttributes(element, shape) {
  const { alt = "", priority, className } = element;
  const loading = element.loading ?? (priority ? "eager" : "lazy");
  return {
    alt,
    ...(className === undefined ? {} : { className }),
    ...sides(shape),
    ...(shape.densities ? {} : { sizes: element.sizes ?? defaultSizes(shape.width) }),
    loading,
    decoding: element.decoding ?? "async",
    ...(priority ? { fetchPriority: "high" } : {}),
  };
}

function sides({ width, height }) {
  return { ...(width ? { width: pixels(width, "width") } : {}), ...(height ? { height: pixels(height, "height") } : {}) };
}

function defaultSizes(width) {
  const wide = pixels(width, "width");
  return wide ? `(min-width: ${wide}px) ${wide}px, 100vw` : "100vw";
}
