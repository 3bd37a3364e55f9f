import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createClient, pictureHtml, PixmillError, sign } from "pixmill";

const examples = new URL("../../../examples/", import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, examples), "utf8"));
const KEY = "a-secret-of-16-chars-or-more";
const client = createClient({ base: "https://images.example.com" });
const code = (expected, parameter) => (error) => {
  assert.ok(error instanceof PixmillError);
  assert.equal(error.code, expected);
  if (parameter) assert.equal(error.parameter, parameter);
  return true;
};

test("URLs are those of all clients", () => {
  const cases = read("clients/urls.json");
  assert.ok(cases.length >= 500);
  for (const { source, parameters, target } of cases) {
    assert.equal(client.url(source, parameters), `https://images.example.com${target}`);
    const reversed = Object.fromEntries(Object.entries(parameters).reverse());
    assert.equal(client.url(source, reversed), `https://images.example.com${target}`);
  }
});

test("signatures are those of the signing page", async () => {
  const vectors = read("signing/vectors.json");
  assert.ok(vectors.length >= 5);
  for (const { target, key, expires, signed } of vectors) {
    assert.equal(await sign(target, key, expires ?? undefined), signed);
    assert.equal(await sign(target, new TextEncoder().encode(key), expires ?? undefined), signed);
  }
});

test("the first of several keys signs", async () => {
  const [{ target, key, signed }] = read("signing/vectors.json");
  assert.equal(await sign(target, ` ${key} , another-key-of-16-bytes`), signed);
});

test("values that mean the same have one text", () => {
  const query = (parameters) => client.url("a.jpg", parameters).split("&").slice(1).join("&");
  assert.equal(query({ background: "#FFF" }), "background=ffffff");
  assert.equal(query({ background: "transparent" }), "background=ffffff00");
  assert.equal(query({ background: "#12345600" }), "background=ffffff00");
  assert.equal(query({ background: "red", flip: "h", enlarge: 1, blur: "2.50" }), "flip=horizontal&enlarge=true&blur=2.5&background=ff0000");
  assert.equal(query({ animated_formats: ["gif", "webp", "gif"] }), "animated_formats=gif,webp");
  assert.equal(query({ format: "jpg", orientation: "none" }), "orientation=1&format=jpeg");
  assert.equal(client.url("/a:b.jpg"), client.url("a:b.jpg"));
});

test("a signature covers the mount, not the path of the base, which the server does not see", async () => {
  for (const base of ["https://example.com/images", "/images", ""]) {
    for (const mount of ["", "/p/q"]) {
      const signed = createClient({ base: `${base}/`.replace(/^\/$/, ""), mount: mount && `${mount}/`, key: KEY });
      assert.equal(await signed.signedUrl("a.jpg", { width: 40 }), base + (await sign(`${mount}/resize?url=a.jpg&width=40`, KEY)));
      assert.equal(createClient({ base, mount }).url("a.jpg"), `${base}${mount}/resize?url=a.jpg`);
    }
  }
  const encoded = createClient({ base: "/é", mount: "/é", key: KEY });
  assert.equal(await encoded.signedUrl("a.jpg"), `/é${await sign("/%C3%A9/resize?url=a.jpg", KEY)}`);
  for (const mount of ["p", "//p", "/p?q", "/p q", 3, null]) {
    assert.throws(() => createClient({ base: "", mount }), code("invalid_setting", "mount"));
  }
});

test("an expiry is never what was not meant", async () => {
  const signed = createClient({ base: "", key: KEY, expiresIn: 3600 });
  for (const expiresIn of ["60", 0, -5, 1.5, null, NaN]) {
    await assert.rejects(signed.signedUrl("a.jpg", {}, { expiresIn }), code("invalid_parameter", "expiresIn"));
  }
  await assert.rejects(signed.signedUrl("a.jpg", {}, { expires_in: 60 }), code("unknown_parameter", "expires_in"));
  await assert.rejects(signed.signedUrl("a.jpg", {}, { expires: 2_000_000_000, expiresIn: 60 }), code("conflicting_parameters", "expires"));
  await assert.rejects(signed.signedUrl("a.jpg", {}, { expires: new Date(NaN) }), code("invalid_parameter", "expires"));
  assert.throws(() => createClient({ base: "", key: KEY, expires_in: 60 }), code("invalid_setting", "expires_in"));
  assert.throws(() => createClient(), code("invalid_setting", "base"));
});

test("expiries are rounded up, so that a URL stays the same for a while", async () => {
  let now = 1_000_000_000_000;
  const signed = createClient({ base: "", key: KEY, expiresIn: 3600, now: () => now });
  const expires = async (...given) => Number(new URLSearchParams((await signed.signedUrl("a.jpg", ...given)).split("?")[1]).get("expires"));
  assert.equal((await expires()) % 3600, 0);
  assert.ok((await expires()) >= 1_000_000_000 + 3600);
  assert.ok((await expires()) < 1_000_000_000 + 2 * 3600);
  const first = await signed.signedUrl("a.jpg");
  now += 60_000;
  assert.equal(await signed.signedUrl("a.jpg"), first);
  now += 3_600_000;
  assert.notEqual(await signed.signedUrl("a.jpg"), first);
  assert.equal(await expires({}, { expires: 2_000_000_000 }), 2_000_000_000);
  assert.equal(await expires({}, { expires: new Date(2_000_000_000_000) }), 2_000_000_000);
  const minute = createClient({ base: "", key: KEY, expiresIn: 3600, expiresEvery: 60, now: () => now });
  assert.equal(Number(/expires=(\d+)/.exec(await minute.signedUrl("a.jpg"))[1]) - now / 1000 - 3600 < 60, true);
});

test("values are texts, numbers, flags and lists", () => {
  const query = (parameters) => client.url("a.jpg", parameters).split("&").slice(1).join("&");
  assert.equal(query({ padding: [10, 20] }), "padding=10,20");
  assert.equal(query({ enlarge: true, blur: 0.5 }), "enlarge=true&blur=0.5");
  assert.equal(query({ blur: 1e-7, page: -0 }), "blur=0.0000001&page=0");
  assert.equal(query({ then: [{ width: 200, rotate: -8 }, { blur: 4 }] }), "then=rotate%3D-8%26width%3D200%7Cblur%3D4");
  assert.equal(query({ overlay: ["url:logo.png,gravity:southeast", "text:A"] }), "overlay=url:logo.png,gravity:southeast;text:A");
  assert.equal(query({ width: undefined, height: null, quality: 75 }), "quality=75");
  assert.equal(query({ w: 300, q: 75 }), "width=300&quality=75");
  assert.equal(query({ fallback: new URL("https://example.com/a b.png") }), "fallback=https://example.com/a%2520b.png");
});

test("defaults are left out, but beside a preset", () => {
  assert.equal(client.url("a.jpg", { width: 3, format: "auto", enlarge: false }), "https://images.example.com/resize?url=a.jpg&width=3");
  assert.equal(client.url("a.jpg", { preset: "card", enlarge: false }), "https://images.example.com/resize?url=a.jpg&preset=card&enlarge=false");
  assert.equal(client.infoUrl("a.jpg", { include: ["palette", "exif"], palette_colors: 6 }), "https://images.example.com/info?url=a.jpg&include=palette,exif");
});

test("parameters of the client apply unless others are given", () => {
  const own = createClient({ base: "/images", parameters: { quality: 60, metadata: "copyright" } });
  assert.equal(own.url("a.jpg", { quality: 75 }), "/images/resize?url=a.jpg&quality=75&metadata=copyright");
});

test("what a call leaves undefined is that of the client, by whichever name", () => {
  const own = createClient({ base: "", parameters: { q: 60, fit: "pad" } });
  assert.equal(own.url("a.jpg", { quality: undefined }), "/resize?url=a.jpg&fit=pad&quality=60");
  assert.equal(own.url("a.jpg", { quality: 75, fit: null }), "/resize?url=a.jpg&quality=75");
  assert.match(own.picture("a.jpg", { width: 30, height: 20 }).img.src, /&fit=pad&/);
});

test("names that objects have anyway are no parameters", () => {
  const given = JSON.parse('{"__proto__": {"blur": 3}, "width": 40}');
  assert.throws(() => client.url("a.jpg", given), code("unknown_parameter", "__proto__"));
  assert.throws(() => client.picture("a.jpg", given), code("unknown_parameter", "__proto__"));
  for (const name of ["constructor", "toString", "hasOwnProperty"]) {
    assert.throws(() => client.picture("a.jpg", { [name]: 3 }), code("unknown_parameter", name));
  }
  assert.throws(() => client.url("a.jpg", { padding: [1, , 2] }), code("invalid_parameter", "padding"));
  assert.throws(() => client.srcset("a.jpg", { widths: 300 }), code("invalid_parameter", "widths"));
  assert.throws(() => client.picture("a.jpg", { formats: "avif" }), code("invalid_parameter", "formats"));
});

test("a candidate has its width, whatever follows", () => {
  const [first] = client.srcset("a.jpg", { width: 300, dpr: 2, tags: "b,", widths: [300, 600] }).split(", ");
  assert.equal(first, "https://images.example.com/resize?url=a.jpg&width=300&tags=b%2C 300w");
});

test("HTML has attributes only", () => {
  const html = (img) => pictureHtml({ sources: [], img });
  assert.equal(html({ alt: `"><script>`, id: undefined, hidden: true, inert: false }), '<picture><img alt="&quot;&gt;&lt;script&gt;" hidden=""></picture>');
  assert.throws(() => html({ "x onload=alert(1)": "" }), code("invalid_parameter"));
});

test("a source of the site is fetched from its origin", () => {
  const own = createClient({ base: "", origin: "https://www.example.com/" });
  assert.equal(own.url("/a.png"), "/resize?url=https://www.example.com/a.png");
  assert.equal(own.url("a.png"), "/resize?url=a.png");
  assert.equal(own.url("//cdn.example.com/a.png"), "/resize?url=https://cdn.example.com/a.png");
  assert.equal(own.url(new URL("https://example.com/ä.png")), "/resize?url=https://example.com/%25C3%25A4.png");
});

test("a srcset has the widths that the server would choose", () => {
  const widths = (given) => client.srcset("a.jpg", given).split(", ").map((one) => one.split(" ")[1]);
  assert.deepEqual(widths(), ["256w", "384w", "640w", "750w", "828w", "1080w", "1200w", "1920w", "2048w", "2560w", "3840w"]);
  assert.deepEqual(widths({ width: 400 }), ["256w", "400w", "640w", "800w"]);
  assert.deepEqual(widths({ widths: [640, 320, 320] }), ["320w", "640w"]);
  assert.deepEqual(widths({ width: 300, densities: [1, 2] }), ["1x", "2x"]);
  assert.equal(
    client.srcset("a.jpg", { width: 300, height: 200, densities: [1, 1.5] }),
    "https://images.example.com/resize?url=a.jpg&width=300&height=200&fit=cover 1x, https://images.example.com/resize?url=a.jpg&width=450&height=300&fit=cover 1.5x",
  );
});

test("a picture has a source for each format, and an image of known size", () => {
  const picture = client.picture("a.jpg", { width: 300, height: 200, alt: "A & B", widths: [300, 600], quality: 70 });
  assert.deepEqual(picture.sources.map(({ type }) => type), ["image/avif", "image/webp"]);
  assert.match(picture.sources[1].srcSet, /width=600&height=400&fit=cover&format=webp&quality=70 600w$/);
  const { srcSet, ...img } = picture.img;
  assert.deepEqual(img, {
    alt: "A & B",
    width: 300,
    height: 200,
    sizes: "(min-width: 300px) 300px, 100vw",
    loading: "lazy",
    decoding: "async",
    src: "https://images.example.com/resize?url=a.jpg&width=300&height=200&fit=cover&quality=70",
  });
  assert.ok(!srcSet.includes("format="));
  const html = pictureHtml(picture);
  assert.match(html, /^<picture><source type="image\/avif" srcset="https:.*<img alt="A &amp; B" width="300" height="200"/);
  assert.ok(!/[^;]&(?!amp;)/.test(html));
});

test("an image that visitors see first is loaded at once", () => {
  const { img } = client.picture("a.jpg", { width: 300, priority: true, fallbackFormat: "jpeg" });
  assert.equal(img.loading, "eager");
  assert.equal(img.fetchPriority, "high");
  assert.match(img.src, /format=jpeg/);
});

test("signed srcsets and pictures have a signature in each URL", async () => {
  const signed = createClient({ base: "https://example.com", key: KEY });
  const set = (await signed.signedSrcset("a.jpg", { width: 300 })).split(", ");
  for (const candidate of set) {
    const [target, signature] = candidate.split(" ")[0].slice("https://example.com".length).split("&sig=");
    assert.equal(await sign(target, KEY), `${target}&sig=${signature}`);
  }
  const picture = await signed.signedPicture("a.jpg", { width: 300 });
  assert.equal(picture.img.srcSet, await signed.signedSrcset("a.jpg", { width: 300 }));
  assert.match(picture.img.src, /width=300&sig=/);
});

test("wrong arguments have stable codes", async () => {
  assert.throws(() => createClient({ base: "images.example.com" }), code("invalid_setting", "base"));
  assert.throws(() => createClient({ base: "https://user:secret@example.com" }), code("invalid_setting", "base"));
  assert.throws(() => createClient({}), code("invalid_setting", "base"));
  assert.throws(() => createClient({ base: "", key: "short" }), code("invalid_setting", "key"));
  assert.throws(() => createClient({ base: "", key: 42 }), code("invalid_setting", "key"));
  assert.throws(() => createClient({ base: "", key: KEY, expiresIn: 1.5 }), code("invalid_setting", "expiresIn"));
  assert.throws(() => createClient({ base: "", parameters: { colour: 1 } }), code("unknown_parameter"));
  assert.throws(() => client.url("a.jpg", { maxWidth: 300 }), /did you mean max_width\?/);
  assert.throws(() => client.url("a.jpg", { widht: 300 }), /did you mean width\?/);
  assert.throws(() => client.url("a.jpg", { url: "b.jpg" }), code("unknown_parameter", "url"));
  assert.throws(() => client.url("a.jpg", { constructor: 1 }), code("unknown_parameter"));
  assert.throws(() => client.url("a.jpg", { width: 3, w: 4 }), code("repeated_parameter", "width"));
  assert.throws(() => client.url("a.jpg", { width: NaN }), code("invalid_parameter", "width"));
  assert.throws(() => client.url("a.jpg", { width: {} }), code("invalid_parameter", "width"));
  assert.throws(() => client.url("a.jpg", { filename: "a\nb" }), code("invalid_parameter", "filename"));
  assert.throws(() => client.url("\ud800.jpg"), code("invalid_parameter"));
  assert.throws(() => client.url(""), code("invalid_parameter", "url"));
  assert.throws(() => client.url("data:image/png;base64,AAAA"), code("invalid_parameter", "url"));
  assert.throws(() => client.srcset("a.jpg", { height: 30 }), code("missing_parameter", "width"));
  assert.throws(() => client.srcset("a.jpg", { densities: [1, 2] }), code("missing_parameter", "width"));
  assert.throws(() => client.picture("a.jpg", { format: "webp" }), code("conflicting_parameters", "format"));
  await assert.rejects(client.signedUrl("a.jpg"), code("key_missing", "key"));
  assert.throws(() => createClient({ base: "", key: KEY }).url("a.jpg"), code("signature_needed"));
  await assert.rejects(sign("/resize?url=a.jpg&sig=x", KEY), code("invalid_target"));
  await assert.rejects(sign("/resize?url=é.jpg", KEY), code("invalid_target"));
  await assert.rejects(sign("/resize?url=a.jpg", KEY, 0), code("invalid_parameter", "expires"));
});

test("a page must not have a key", () => {
  globalThis.window = globalThis.document = {};
  try {
    assert.throws(() => createClient({ base: "", key: KEY }), code("key_in_browser", "key"));
    assert.ok(createClient({ base: "", key: KEY, allowKeyInBrowser: true }).isSigned);
    assert.ok(!createClient({ base: "" }).isSigned);
  } finally {
    delete globalThis.window;
    delete globalThis.document;
  }
});

test("no client shows its key", () => {
  const signed = createClient({ base: "", key: KEY });
  assert.ok(!JSON.stringify(signed).includes(KEY));
  assert.ok(!Object.values(signed).includes(KEY));
});
