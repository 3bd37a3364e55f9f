import type { ImageProps } from "next/image";
import type { ImgHTMLAttributes, ReactElement } from "react";
import type { ClientOptions, Parameters } from "./index.js";

export type SignedClientOptions = Omit<ClientOptions, "key" | "allowKeyInBrowser"> & {
  key: NonNullable<ClientOptions["key"]>;
};

export type SignedImageProps = Omit<ImageProps, "loader" | "unoptimized"> & {
  /** Parameters of the URLs, besides `width` and `quality`. */
  parameters?: Omit<Parameters, "width">;
};

/** Returns an async server component with the attributes of next/image, whose URLs are signed. */
export function createSignedImage(options: SignedClientOptions): (props: SignedImageProps) => Promise<ReactElement>;

/** Returns a function from the attributes of next/image to those of `<img>`. */
export function createSignedImageProps(
  options: SignedClientOptions,
): (props: SignedImageProps) => Promise<ImgHTMLAttributes<HTMLImageElement>>;
