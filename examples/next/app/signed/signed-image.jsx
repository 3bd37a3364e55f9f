import "server-only";
import { createSignedImage } from "pixmill/next/server";

export const SignedImage = createSignedImage({
  base: process.env.IMAGES_URL,
  key: process.env.IMAGES_KEY,
  expiresIn: 86_400,
});
