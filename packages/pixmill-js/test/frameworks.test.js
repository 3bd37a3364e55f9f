import assert from "node:assert/strict";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { test } from "node:test";
import { Image } from "@unpic/react/base";
import service, { pixmillService } from "pixmill/astro";
import loader, { createLoader } from "pixmill/next";
import { createSignedImageProps } from "pixmill/next/server";
import provider from "pixmill/nuxt";
import { createPicture, createSignedPicture } from "pixmill/react";
import { createTransformer, extract, generate, transform } from "pixmill/unpic";
import { PixmillError, sign } from "pixmill";

const KEY = "a-secret-of-16-chars-or-more";
const base = "https://images.example.com";
const code = (expected) => (error) => error instanceof PixmillError && error.code === expected;

async function assertSigned(url) {
  const [target, signature] = url.slice(base.length).split("&sig=");
  assert.equal(await sign(target, KEY), `${target}&sig=${signature}`);
}

test("next: the loader has width and quality", () => {
  const own = createLoader({ base, origin: "https://www.example.com" });
  assert.equal(own({ src: "fig.jpg", width: 640 }), `${base}/resize?url=fig.jpg&width=640`);
  assert.equal(own({ src: "/_next/static/media/a.png", width: 640, quality: 75 }), `${base}/resize?url=https://www.example.com/_next/static/media/a.png&width=640&quality=75`);
  assert.equal(own({ src: "data:image/png;base64,AAAA", width: 1 }), "data:image/png;base64,AAAA");
  assert.throws(() => createLoader({ base, key: KEY }), code("key_in_browser"));
  const sharp = createLoader({ base, parameters: { quality: 60 } });
  assert.equal(sharp({ src: "fig.jpg", width: 640 }), `${base}/resize?url=fig.jpg&width=640&quality=60`);
});

test("next: the loader of the environment", () => {
  assert.throws(() => loader({ src: "a.jpg", width: 1 }), code("invalid_setting"));
  process.env.NEXT_PUBLIC_IMAGES_URL = base;
  assert.equal(loader({ src: "a.jpg", width: 1 }), `${base}/resize?url=a.jpg&width=1`);
});

test("next: signed attributes are those of next/image", async () => {
  const imageProps = createSignedImageProps({ base, key: KEY });
  const props = await imageProps({ src: "a.jpg", alt: "A", width: 300, height: 200, parameters: { blur: 2 } });
  assert.equal(props.width, 300);
  assert.equal(props.loading, "lazy");
  const urls = props.srcSet.split(", ").map((one) => one.split(" ")[0]);
  assert.equal(urls.length, 2);
  assert.ok(urls.includes(props.src));
  for (const url of urls) await assertSigned(url);
  assert.match(props.src, /blur=2/);
});

test("nuxt: modifiers are parameters", () => {
  const { getImage } = provider();
  const options = { baseURL: base };
  const url = (modifiers, more) => getImage("/a.jpg", { modifiers, ...options, ...more }, {}).url;
  assert.equal(url({ width: 300, quality: "75", format: "webp" }), `${base}/resize?url=a.jpg&width=300&format=webp&quality=75`);
  assert.equal(url({ width: 300, height: 200 }), `${base}/resize?url=a.jpg&width=300&height=200&fit=cover`);
  assert.equal(url({ width: 300, height: 200, fit: "inside", grayscale: true }), `${base}/resize?url=a.jpg&width=300&height=200&grayscale=true`);
  assert.equal(url({ width: 30, height: 20 }, { parameters: { fit: "pad" } }), `${base}/resize?url=a.jpg&width=30&height=20&fit=pad`);
  assert.equal(url({}, { origin: "https://www.example.com" }), `${base}/resize?url=https://www.example.com/a.jpg`);
  assert.throws(() => url({ position: "left" }), code("unknown_parameter"));
  assert.throws(() => getImage("/a.jpg", { modifiers: {} }, {}), code("invalid_setting"));
});

const config = (given = {}) => ({ service: pixmillService({ base, ...given }) });
const FILE = { src: "/_astro/mill.abc.png", width: 800, height: 400, format: "png" };

test("astro: an imported image has its size, and comes from the origin", () => {
  const image = config({ origin: "https://www.example.com" });
  const options = service.validateOptions({ src: FILE, alt: "", width: 200 }, image);
  assert.equal(service.getURL(options, image), `${base}/resize?url=https://www.example.com/_astro/mill.abc.png&width=200&height=100&fit=cover`);
  assert.deepEqual(service.getHTMLAttributes(options, image), { alt: "", width: 200, height: 100, loading: "lazy", decoding: "async" });
  assert.throws(() => service.validateOptions({ src: FILE, alt: "" }, config()), code("invalid_setting"));
});

test("astro: an imported SVG is shown as it is, unless it is to have another format", () => {
  const svg = Object.assign(() => {}, { src: "/_astro/logo.svg", width: 40, height: 20, format: "svg" });
  const image = config();
  const options = service.validateOptions({ src: svg, alt: "", densities: [1, 2] }, image);
  assert.equal(service.getURL(options, image), "/_astro/logo.svg");
  assert.deepEqual(service.getSrcSet(options, image), []);
  assert.deepEqual(service.getHTMLAttributes(options, image), { alt: "", width: 40, height: 20, loading: "lazy", decoding: "async" });
  const site = config({ origin: "https://www.example.com" });
  assert.match(service.getURL({ ...options, format: "webp" }, site), /url=https:\/\/www\.example\.com\/_astro\/logo\.svg&.*format=webp/);
});

test("astro: a file of the development server is shown as it is", () => {
  const file = { ...FILE, src: "/@fs/home/mill.png" };
  assert.equal(service.getURL(service.validateOptions({ src: file }, config()), config()), "/@fs/home/mill.png");
});

test("astro: candidates by widths and densities", () => {
  const image = config({ origin: "https://www.example.com" });
  const set = (given) => service.getSrcSet(service.validateOptions({ src: FILE, ...given }, image), image);
  assert.deepEqual(set({ widths: [1600, 400] }).map(({ descriptor, transform: { width, height } }) => [descriptor, width, height]), [["400w", 400, 200], ["800w", 800, 400]]);
  assert.deepEqual(set({ width: 300, densities: [2, "1x"] }).map(({ descriptor, transform: { width } }) => [descriptor, width]), [["1x", 300], ["2x", 600]]);
  assert.deepEqual(set({ widths: [400], format: "jpg" })[0].attributes, { type: "image/jpeg" });
  assert.deepEqual(set({}), []);
});

test("astro: values of its attributes", () => {
  const url = (given) => service.getURL(service.validateOptions({ src: "a.jpg", width: 30, height: 20, ...given }, config()), config()).slice(`${base}/resize?url=a.jpg&width=30&height=20&`.length);
  assert.equal(url({ fit: "contain", quality: "low" }), "quality=25");
  assert.equal(url({ fit: "fill", format: "avif", quality: 40 }), "fit=fill&format=avif&quality=40");
  assert.equal(url({ position: "top" }), "fit=cover&gravity=pos:0.5,0");
  assert.equal(url({ position: "left" }), "fit=cover&gravity=pos:0,0.5");
  assert.equal(url({ position: "top right" }), "fit=cover&gravity=pos:1,0");
  assert.equal(url({ position: "center" }), "fit=cover");
  assert.equal(url({ position: "bottom" }), "fit=cover&gravity=pos:0.5,1");
  assert.equal(url({ position: "25% 75%" }), "fit=cover&gravity=pos:0.25,0.75");
  assert.equal(url({ position: "smart" }), "fit=cover&gravity=smart");
  assert.equal(url({ position: "TOP  Right" }), "fit=cover&gravity=pos:1,0");
  assert.equal(url({ position: "pos:0.1,0.2" }), "fit=cover&gravity=pos:0.1,0.2");
  for (const position of ["10px 20px", "bottom 10px right 20px", "-10% 0%", "150%", "constructor left", 5]) {
    assert.throws(() => url({ position }), code("invalid_parameter"));
  }
  assert.equal(service.getURL({ src: "a.jpg", width: 30, height: 20 }, config({ parameters: { fit: "pad" } })), `${base}/resize?url=a.jpg&width=30&height=20&fit=pad`);
  assert.equal(url({ pixmill: { grayscale: true } }), "fit=cover&grayscale=true");
  assert.throws(() => service.validateOptions({ src: "a.jpg", width: 30 }, config()), code("missing_parameter"));
});

test("astro: the key is that of the environment", async () => {
  const image = config({ sign: true });
  const options = service.validateOptions({ src: "a.jpg", width: 30, height: 20 }, image);
  assert.throws(() => service.getURL(options, image), code("key_missing"));
  process.env.IMAGES_KEY = KEY;
  await assertSigned(await service.getURL(options, image));
  assert.throws(() => pixmillService({ base, key: KEY }), code("key_in_browser"));
});

test("unpic: URLs are taken apart and written again", () => {
  const url = generate("https://example.com/a b.jpg", { width: 300.4, height: "200", format: "webp" }, { baseURL: `${base}/img` });
  assert.equal(url, `${base}/img/resize?url=https://example.com/a%20b.jpg&width=300&height=200&fit=cover&format=webp`);
  assert.deepEqual(extract(url), { src: "https://example.com/a b.jpg", operations: { width: 300, height: 200, fit: "cover", format: "webp" }, options: { baseURL: `${base}/img` } });
  assert.equal(extract("https://example.com/a.jpg"), null);
  assert.equal(extract(url, { baseURL: "https://other.example.com" }), null);
  assert.equal(transform(url, { width: 600, height: 400, format: undefined }), `${base}/img/resize?url=https://example.com/a%20b.jpg&width=600&height=400&fit=cover&format=webp`);
  assert.equal(transform("a.jpg", { width: 20 }, { baseURL: base }), `${base}/resize?url=a.jpg&width=20`);
  assert.equal(transform("/resize?url=a.jpg&width=20&sig=abc", { quality: 5 }), "/resize?url=a.jpg&width=20&quality=5");
  assert.throws(() => generate("a.jpg", {}), code("invalid_setting"));
});

test("unpic: its component shows images of the server", () => {
  const { transform: transformer } = createTransformer({ baseURL: base });
  const html = renderToStaticMarkup(createElement(Image, { src: "a.jpg", alt: "A", width: 300, height: 200, layout: "fixed", transformer }));
  assert.match(html, /srcSet="https:\/\/images\.example\.com\/resize\?url=a\.jpg&amp;width=300&amp;height=200&amp;fit=cover 300w/);
});

test("react: a picture on the server", () => {
  const Picture = createPicture({ base });
  const html = renderToStaticMarkup(
    createElement(Picture, { src: "a.jpg", alt: "A", width: 300, height: 200, id: "hero", placeholder: true, parameters: { blur: 3 }, style: { borderRadius: 8 } }),
  );
  assert.match(html, /^<picture><source type="image\/avif" srcSet="/);
  assert.match(html, /<img id="hero" alt="A" width="300" height="200"/);
  assert.match(html, /style="max-width:100%;height:auto;background-image:url\(&quot;https:[^)]*width=32[^)]*\)/);
  assert.match(html, /border-radius:8px/);
  assert.match(html, /blur=3/);
  const coloured = renderToStaticMarkup(createElement(Picture, { src: "a.jpg", alt: "", placeholder: "#ffcc00" }));
  assert.match(coloured, /background-color:#ffcc00/);
  for (const placeholder of ["red;position:fixed", {}, 3]) {
    assert.throws(() => renderToStaticMarkup(createElement(Picture, { src: "a.jpg", placeholder })), code("invalid_parameter"));
  }
});

test("react: a signed picture", async () => {
  const SignedPicture = createSignedPicture({ base, key: KEY });
  const html = renderToStaticMarkup(await SignedPicture({ src: "a.jpg", alt: "", width: 300, placeholder: true }));
  const urls = [...html.matchAll(/https:[^" )]+/g)].map(([url]) => url.replaceAll("&amp;", "&").replace(/&quot;?$/, ""));
  assert.ok(urls.length > 8);
  for (const url of urls) await assertSigned(url);
});
