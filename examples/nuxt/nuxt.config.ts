export default defineNuxtConfig({
  compatibilityDate: "2026-11-01",
  telemetry: false,
  modules: ["@nuxt/image"],
  image: {
    provider: "pixmill",
    providers: {
      pixmill: {
        provider: "pixmill/nuxt",
        options: {
          baseURL: process.env.IMAGES_URL ?? "http://127.0.0.1:8080",
        },
      },
    },
  },
});
