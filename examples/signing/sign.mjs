// Signs a URL: node sign.mjs '/resize?url=sunset.jpg&width=400' [EXPIRES]
import { createHmac } from "node:crypto";
import { pathToFileURL } from "node:url";

/** Returns path and query with `expires`, in seconds since 1970, and their signature. */
export function sign(target, key, expires) {
  if (expires !== undefined) target += `&expires=${expires}`;
  return `${target}&sig=${createHmac("sha256", key).update(target).digest("base64url")}`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [target, expires] = process.argv.slice(2);
  console.log(sign(target, process.env.PIXMILL_KEYS.split(",")[0], expires));
}
