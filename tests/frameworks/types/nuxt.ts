// The provider is what Nuxt Image expects of one.
import type { ImageProvider } from "@nuxt/image";
import pixmill, { type PixmillProviderOptions } from "pixmill/nuxt";

pixmill() satisfies ImageProvider<PixmillProviderOptions>;
// @ts-expect-error a URL
({ baseURL: 3 }) satisfies PixmillProviderOptions;
