// Makes URLs with the image components of frameworks, for each request: {library, provider, url, options, base}.
import { createRequire } from "node:module";
import { transformUrl } from "unpic";

const require = createRequire(import.meta.url);
const { createElement } = require("react");
const { renderToStaticMarkup } = require("react-dom/server");
const { default: Image } = require("next/image");

const context = { options: { nuxt: { baseURL: "/" }, screens: { sm: 640, md: 1200 } } };

async function nuxt({ provider, url, options, base }) {
  const { default: make } = await import(`@nuxt/image/runtime/providers/${provider}`);
  return [make().getImage(url, { modifiers: options, baseURL: base }, context).url];
}

function unpic({ provider, url, options }) {
  return [transformUrl({ url, provider, fallback: provider, ...options })];
}

// The page as Next renders it: the URLs of its srcset and src.
function next({ url, options }) {
  const page = renderToStaticMarkup(createElement("main", {}, createElement(Image, { src: url, alt: "", ...options })));
  const attributes = [...page.matchAll(/(?:srcSet|src)="([^"]+)"/g)].map((match) => match[1].replaceAll("&amp;", "&"));
  return attributes.flatMap((text) => text.split(", ").map((candidate) => candidate.split(" ")[0]));
}

const make = { nuxt, unpic, next };
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const urls = [];
for (const request of JSON.parse(Buffer.concat(chunks).toString())) urls.push(await make[request.library](request));
process.stdout.write(JSON.stringify(urls));
