import type { ClientOptions } from "./index.js";

export interface LoaderProps {
  src: string;
  width: number;
  quality?: number;
}

/** Returns a loader, for `images.loaderFile` or the attribute `loader` of next/image. */
export function createLoader(options: Omit<ClientOptions, "key" | "expiresIn" | "expiresEvery" | "now">): (image: LoaderProps) => string;

/** The loader for the server of `NEXT_PUBLIC_IMAGES_URL`; files of the site itself come from `NEXT_PUBLIC_SITE_URL`. */
declare const loader: (image: LoaderProps) => string;
export default loader;
