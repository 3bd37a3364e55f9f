// Renders the image component of Shopify's Hydrogen, for each set of its properties: the URLs of its srcset and src.
import { createRequire } from "node:module";
import { Image } from "@shopify/hydrogen-react";

const require = createRequire(import.meta.url);
const { createElement } = require("react");
const { renderToStaticMarkup } = require("react-dom/server");

function candidates(properties) {
  const page = renderToStaticMarkup(createElement(Image, properties));
  const attributes = [...page.matchAll(/(?:srcSet|src)="([^"]+)"/g)].map((match) => match[1].replaceAll("&amp;", "&"));
  return attributes.flatMap((text) => text.split(", ").map((candidate) => candidate.split(" ")[0]));
}

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const pages = JSON.parse(Buffer.concat(chunks).toString());
process.stdout.write(JSON.stringify(pages.map(candidates)));
