import type { Parameters } from "./index.js";

export interface PixmillProviderOptions {
  /** Where the server is. */
  baseURL?: string;
  /** The URL of your site, from which the server fetches sources that start with a slash. */
  origin?: string;
  /** Parameters of all images. */
  parameters?: Parameters;
}

type Modifiers = Omit<Parameters, "width" | "height" | "fit" | "format" | "quality" | "background" | "blur">;

export interface PixmillProvider {
  defaults?: PixmillProviderOptions;
  modifiers?: Modifiers;
  getImage(
    src: string,
    options: {
      modifiers: {
        width?: number;
        height?: number;
        fit?: string;
        format?: string;
        quality?: string | number;
        background?: string;
        blur?: number;
      };
    } & PixmillProviderOptions,
    context: unknown,
  ): { url: string; format?: string; getMeta?: () => Promise<{ width: number; height: number }> };
}

/** The provider for @nuxt/image: `providers: { pixmill: { provider: "pixmill/nuxt", options: { baseURL } } }`. */
export default function pixmill(): PixmillProvider;
