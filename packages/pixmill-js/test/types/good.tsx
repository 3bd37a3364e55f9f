// What must be accepted.
import { createClient, PixmillError, pictureHtml, sign, type Parameters } from "pixmill";
import { createLoader } from "pixmill/next";
import { createSignedImage } from "pixmill/next/server";
import { createPicture, createSignedPicture } from "pixmill/react";
import { createTransformer, transform } from "pixmill/unpic";
import { Image } from "@unpic/react/base";
import type { ImageLoader } from "next/image";
import type { TransformerFunction } from "unpic";

const client = createClient({ base: new URL("https://images.example.com"), parameters: { quality: 70 } });
const parameters: Parameters = {
  width: 400,
  height: "pct:50",
  fit: "cover",
  gravity: "fp:0.3,0.75",
  format: "auto:avif,webp",
  quality: "auto:60",
  enlarge: "never",
  orientation: 6,
  padding: [10, 20],
  then: [{ width: 200, rotate: -8 }, "blur=4"],
  passthrough: ["animation", "svg"],
  fallback: new URL("https://example.com/a.png"),
};
const url: string = client.url("a.jpg", parameters);
const signed: Promise<string> = client.signedUrl("a.jpg", { width: 1 }, { expiresIn: 60 });
const html: string = pictureHtml(client.picture("a.jpg", { width: 300, alt: "", formats: ["avif"], blur: 2 }));
const target: Promise<string> = sign("/resize?url=a.jpg", new Uint8Array(32), 1);
const code: string = new PixmillError("invalid_parameter", "no").code;

export const loader: ImageLoader = createLoader({ base: "/images" });
const SignedImage = createSignedImage({ base: "", key: "a-secret-of-16-chars-or-more" });
const Picture = createPicture({ base: "" });
const SignedPicture = createSignedPicture({ base: "", key: "a-secret-of-16-chars-or-more" });
const { transform: transformer } = createTransformer({ baseURL: "" });
export const unpic: TransformerFunction<{ width?: number }, { baseURL?: string } | undefined> = transform;

export const page = (
  <main>
    <SignedImage src="a.jpg" alt="" width={30} height={20} parameters={{ blur: 2 }} />
    <Picture src="a.jpg" alt="" width={30} height={20} priority placeholder id="hero" onClick={() => undefined} />
    <SignedPicture src="a.jpg" alt="" parameters={{ grayscale: true }} />
    <Image src="a.jpg" alt="" width={30} height={20} transformer={transformer} operations={{ quality: 3 }} />
  </main>
);
export const all = [url, signed, html, target, code];
