import type { InfoParameters, Parameters } from "./parameters.js";

export type { InfoParameters, List, Parameters, Words } from "./parameters.js";

/** URL of the original, or its path below the images of the server. */
export type Source = string | URL;

export interface ClientOptions {
  /** Where the server is: `https://images.example.com`, a path of the page's own host such as `/images`, or "". */
  base: string | URL;
  /**
   * The path of the native dialect, if `PIXMILL_DIALECTS` has it at one. Unlike the path of `base`, which is that of a
   * proxy or of `PIXMILL_PATH_PREFIX`, it is signed.
   */
  mount?: string | undefined;
  /**
   * The text of `PIXMILL_KEYS`, whose first key signs. Only on a server: in a page, creating the client throws, unless
   * `allowKeyInBrowser` is true.
   */
  key?: string | Uint8Array | undefined;
  /** For how long signed URLs are valid, in seconds. Without it they do not end. */
  expiresIn?: number | undefined;
  /** Expiries are rounded up to multiples of it, in seconds, so that URLs stay cacheable. Default: `expiresIn`. */
  expiresEvery?: number | undefined;
  /** The URL of your site, from which the server fetches sources that start with a slash. */
  origin?: string | URL | undefined;
  /** Parameters of all images, unless a call gives others. */
  parameters?: Parameters | undefined;
  allowKeyInBrowser?: boolean | undefined;
  /** The time in milliseconds since 1970, for tests. */
  now?: (() => number) | undefined;
}

/** When a signed URL ends: at a time (seconds since 1970), or some seconds from now. */
export interface Expiry {
  expires?: number | Date | undefined;
  expiresIn?: number | undefined;
}

export interface Shape {
  /** Width of the image on the page, in CSS pixels. */
  width?: number | undefined;
  /** With `width`, the shape of all candidates. */
  height?: number | undefined;
  /** Widths of the candidates, in pixels of the image. */
  widths?: readonly number[] | undefined;
  /** In place of `widths`: candidates of `width` for screens of this many device pixels per CSS pixel. */
  densities?: readonly number[] | undefined;
}

export interface SrcsetOptions extends Shape, Omit<Parameters, "width" | "height"> {}

/** Formats of `<source>` elements. */
export type PictureFormat = "avif" | "webp" | "jxl" | "jpeg" | "jpg" | "png" | "gif";

export interface PictureOptions extends Shape, Omit<Parameters, "width" | "height" | "format"> {
  /** Formats of the sources, best first. Default: avif, webp. */
  formats?: readonly PictureFormat[] | undefined;
  /** Format for other browsers. Default: one that they accept. */
  fallbackFormat?: Parameters["format"];
  alt?: string | undefined;
  sizes?: string | undefined;
  loading?: "lazy" | "eager" | undefined;
  /** For the image that visitors see first: loaded at once, before others. */
  priority?: boolean | undefined;
  decoding?: "async" | "sync" | "auto" | undefined;
  className?: string | undefined;
}

/** Attributes of the elements, by their names in JavaScript. */
export interface PictureElements {
  sources: { type: string; srcSet: string; sizes?: string }[];
  img: {
    alt: string;
    src: string;
    srcSet: string;
    sizes?: string;
    width?: number;
    height?: number;
    loading: "lazy" | "eager";
    decoding: "async" | "sync" | "auto";
    fetchPriority?: "high";
    className?: string;
  };
}

/** A client. The functions without `signed` throw if it has a key, those with it reject if it has none. */
export interface Client {
  readonly base: string;
  readonly isSigned: boolean;
  url(source: Source, parameters?: Parameters): string;
  signedUrl(source: Source, parameters?: Parameters, expiry?: Expiry): Promise<string>;
  /** URL of what the server knows about an original, as JSON. */
  infoUrl(source: Source, parameters?: InfoParameters): string;
  signedInfoUrl(source: Source, parameters?: InfoParameters, expiry?: Expiry): Promise<string>;
  srcset(source: Source, options?: SrcsetOptions): string;
  signedSrcset(source: Source, options?: SrcsetOptions, expiry?: Expiry): Promise<string>;
  picture(source: Source, options?: PictureOptions): PictureElements;
  signedPicture(source: Source, options?: PictureOptions, expiry?: Expiry): Promise<PictureElements>;
  /** Requests a placeholder: `lqip` is a data URI, the others are hashes. */
  placeholder(source: Source, format?: "lqip" | "blurhash" | "thumbhash", init?: RequestInit): Promise<string>;
}

export function createClient(options: ClientOptions): Client;

/** Returns a `<picture>` element as HTML. */
export function pictureHtml(picture: PictureElements): string;

/** Returns path and query with `expires`, in seconds since 1970, and their signature. */
export function sign(target: string, key: string | Uint8Array, expires?: number): Promise<string>;

/** Where the server has a code for the same mistake, it is that one. */
export type ErrorCode =
  | "conflicting_parameters"
  | "invalid_parameter"
  | "invalid_setting"
  | "invalid_target"
  | "key_in_browser"
  | "key_missing"
  | "missing_parameter"
  | "no_web_crypto"
  | "repeated_parameter"
  | "request_failed"
  | "signature_needed"
  | "unknown_parameter";

/** An argument that no URL can be made of. */
export class PixmillError extends Error {
  constructor(code: ErrorCode, message: string, parameter?: string);
  readonly name: "PixmillError";
  readonly code: ErrorCode;
  readonly parameter: string | undefined;
}
