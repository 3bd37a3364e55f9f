// Signs a URL with Web Crypto: workers at the edge, Deno, Bun. Not for pages: the key must stay on a server.

/** Returns path and query with `expires`, in seconds since 1970, and their signature. */
export async function sign(target, key, expires) {
  if (expires !== undefined) target += `&expires=${expires}`;
  const bytes = new TextEncoder();
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const secret = await crypto.subtle.importKey("raw", bytes.encode(key), hmac, false, ["sign"]);
  const digest = new Uint8Array(await crypto.subtle.sign("HMAC", secret, bytes.encode(target)));
  const text = btoa(String.fromCharCode(...digest));
  return `${target}&sig=${text.replaceAll("+", "-").replaceAll("/", "_").replace("=", "")}`;
}
