// A provider for @nuxt/image. It runs in browsers as well, so that it never has a key.
import { createClient } from "./client.js";
import { PixmillError } from "./errors.js";

const clients = new Map();
const provider = { getImage };

/** Returns the provider. `baseURL` and `origin` are its options, all modifiers are parameters of the server. */
export default function pixmill() {
  return provider;
}

function getImage(src, { modifiers = {}, baseURL, origin, parameters }) {
  const client = clientOf(baseURL, origin, parameters);
  const { width, height, fit, ...others } = modifiers;
  const cover = width && height && !parameters?.fit ? "cover" : undefined;
  const given = { ...others, width: width || undefined, height: height || undefined, fit: fit ?? cover };
  return { url: client.url(src, given), getMeta: () => metadataOf(client.infoUrl(src)) };
}

function clientOf(base, origin, parameters) {
  const id = JSON.stringify([base, origin, parameters]);
  if (!clients.has(id)) {
    if (base === undefined) throw new PixmillError("invalid_setting", "The provider needs baseURL: where the server is", "baseURL");
    clients.set(id, createClient({ base, origin: origin || undefined, parameters }));
  }
  return clients.get(id);
}

async function metadataOf(url) {
  const response = await fetch(url);
  if (!response.ok) throw new PixmillError("request_failed", `The server answered with ${response.status}`);
  const { width, height } = await response.json();
  return { width, height };
}
