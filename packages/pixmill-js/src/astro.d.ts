import type { ClientOptions, Parameters } from "./index.js";

export interface PixmillServiceConfig extends Pick<ClientOptions, "mount" | "expiresIn" | "expiresEvery" | "parameters"> {
  /** Where the server is. */
  base: string;
  /** The URL of your site, from which the server fetches imported images and files of `public`. */
  origin?: string | undefined;
  /** Sign all URLs, with the key that the environment variable `keyName` has when pages are rendered. */
  sign?: boolean | undefined;
  /** Default: `IMAGES_KEY`. */
  keyName?: string | undefined;
}

/** Returns the value of `image.service` in the configuration of Astro. */
export function pixmillService(config: PixmillServiceConfig): {
  entrypoint: string;
  config: Record<string, any>;
};

interface Transform {
  src: string | { src: string; width: number; height: number; format: string };
  width?: number | undefined;
  height?: number | undefined;
  widths?: number[] | undefined;
  densities?: (number | `${number}x`)[] | undefined;
  format?: string | undefined;
  quality?: string | number | undefined;
  fit?: string | undefined;
  position?: string | undefined;
  background?: string | undefined;
  /** Parameters of the URL, besides those that Astro has attributes for. */
  pixmill?: Parameters | undefined;
  [name: string]: any;
}

interface ImageConfig {
  service: { entrypoint: string; config: Record<string, any> };
}

/** An external image service. */
declare const service: {
  validateOptions(options: any, config: ImageConfig): any;
  getURL(options: Transform, config: ImageConfig): string | Promise<string>;
  getSrcSet(options: any, config: ImageConfig): { transform: any; descriptor: string; attributes: Record<string, any> }[];
  getHTMLAttributes(options: any, config: ImageConfig): Record<string, any>;
  getRemoteSize(url: string, config: ImageConfig): Promise<{ width: number; height: number; format: any }>;
};
export default service;
