import { defineConfig } from "astro/config";
import { pixmillService } from "pixmill/astro";

export default defineConfig({
  site: process.env.SITE_URL ?? "http://127.0.0.1:4321",
  image: {
    service: pixmillService({
      base: process.env.IMAGES_URL ?? "http://127.0.0.1:8080",
      origin: process.env.SITE_URL ?? "http://127.0.0.1:4321",
      sign: Boolean(process.env.IMAGES_KEY),
    }),
  },
});
