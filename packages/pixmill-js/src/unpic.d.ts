import type { Parameters } from "./index.js";

export interface PixmillOperations extends Omit<Parameters, "width" | "height" | "quality" | "format"> {
  width?: number | string;
  height?: number | string;
  quality?: number | string;
  format?: Exclude<Parameters["format"], undefined> | (string & {});
}

export interface PixmillOptions {
  /** Where the server is. */
  baseURL?: string;
  /** The URL of your site, from which the server fetches sources that start with a slash. */
  origin?: string;
}

export interface ExtractedImage {
  src: string;
  operations: PixmillOperations;
  options: PixmillOptions;
}

/** Returns the parts of a URL of the server; null if it is another one. */
export function extract(url: string | URL, options?: PixmillOptions): ExtractedImage | null;
/** Returns the URL of an image. */
export function generate(src: string | URL, operations: PixmillOperations, options?: PixmillOptions): string;
/** Returns the URL of an image, or a URL of the server with other operations. */
export function transform(src: string | URL, operations: PixmillOperations, options?: PixmillOptions): string;
/** Returns the three functions for one server. */
export function createTransformer(defaults: PixmillOptions): {
  extract: typeof extract;
  generate: typeof generate;
  transform: typeof transform;
};
