// The service is what Astro expects of one.
import type { ExternalImageService } from "astro";
import { defineConfig } from "astro/config";
import service, { pixmillService } from "pixmill/astro";

service satisfies ExternalImageService;
export default defineConfig({ image: { service: pixmillService({ base: "https://images.example.com", expiresIn: 60 }) } });
// @ts-expect-error a base is needed
pixmillService({});
