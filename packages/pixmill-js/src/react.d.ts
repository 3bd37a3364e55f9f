import type { ImgHTMLAttributes, ReactElement } from "react";
import type { ClientOptions, Parameters, PictureOptions, Source } from "./index.js";

type Options = Pick<
  PictureOptions,
  | "width"
  | "height"
  | "widths"
  | "densities"
  | "formats"
  | "fallbackFormat"
  | "sizes"
  | "loading"
  | "priority"
  | "decoding"
  | "fit"
  | "gravity"
  | "quality"
>;

export interface PictureProps extends Options, Omit<ImgHTMLAttributes<HTMLImageElement>, keyof Options | "src" | "srcSet" | "alt"> {
  src: Source;
  /** Empty for an image that only decorates. */
  alt: string;
  /** Until the image has been loaded: true for a small blurred version, or a colour, a data URI, a URL. */
  placeholder?: boolean | string | undefined;
  /** Other parameters of the URLs. */
  parameters?: Omit<Parameters, "width" | "height" | "format"> | undefined;
}

/** Returns a component whose images come from one server. It renders on servers and in browsers. */
export function createPicture(options: Omit<ClientOptions, "key">): (props: PictureProps) => ReactElement;

/** Returns an async server component, whose URLs are signed. */
export function createSignedPicture(
  options: Omit<ClientOptions, "key"> & { key: NonNullable<ClientOptions["key"]> },
): (props: PictureProps) => Promise<ReactElement>;
