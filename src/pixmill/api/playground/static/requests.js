/** What the page asks the server. */

export const ACCEPT = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
export let config;

/** The path prefix of a proxy or of an application that mounts the server, or empty. */
export const base = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/** An error with the problem document (RFC 9457) that explains it. */
export class Problem extends Error {
	constructor({ detail, title, code = "", param = "", status = 400 }) {
		super(detail || title || `The server answered ${status}.`);
		Object.assign(this, { code, param, status });
	}
}

async function ask(path, options) {
	const response = await fetch(base + path, options);
	if (response.ok) return response;
	throw new Problem({ status: response.status, ...(await response.json().catch(() => null)) });
}

const json = async (path, options) => (await ask(path, options)).json();
const post = (path, body, headers) => json(path, { method: "POST", body, headers });

export const loadConfig = async () => (config = await json("/playground/config.json"));
export const listImages = (after, limit) => json(`/playground/images.json?limit=${limit}&after=${encodeURIComponent(after)}`);
export const upload = (file) => post("/playground/upload", file);

export const convert = (url) => post("/playground/convert", JSON.stringify({ url }), { "Content-Type": "application/json" });

const signatures = new Map();

/** The path to request for a native one: with a signature if the server wants one. */
async function signed(path) {
	if (!config.signed || !config.may_sign) return path;
	if (!signatures.has(path)) {
		const { problem, url } = await convert(path);
		if (problem) throw new Problem(problem);
		signatures.set(path, url);
	}
	return signatures.get(path);
}

export async function fetchImage(path, signal, cache) {
	const url = await signed(path);
	const start = performance.now();
	const response = await ask(url, { headers: { Accept: ACCEPT }, signal, cache });
	return { blob: await response.blob(), headers: response.headers, ms: performance.now() - start, url };
}

export const fetchJson = async (path) => json(await signed(path));
