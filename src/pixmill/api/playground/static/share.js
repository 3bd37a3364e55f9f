/** The request as code, escaped for where it goes, and in other grammars. */

import { $, button, copy, div, h } from "./dom.js";
import { ACCEPT, base, config, fetchJson } from "./requests.js";
import { ordered, queryOf } from "./state.js";

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const html = (text) => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign]);
const quoted = JSON.stringify; // a string of JSON is one of Python and JavaScript, too
const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

export const absolute = (url) => (url.startsWith("/") ? (config.public_url || location.origin + base).replace(/\/$/, "") + url : url);

const lines = (values, indent) => ordered(values).map(([name, text]) => `${indent}${quoted(name)}: ${quoted(text)},\n`).join("");

const element = ({ url, width, height }) => `<img src="${html(url)}"${width ? ` width="${width}" height="${height}"` : ""} alt="" loading="lazy" decoding="async">`;

const python = ({ values, url, isSigned }) => `${isSigned ? "" : "from urllib.parse import urlencode\n"}from urllib.request import Request, urlopen

${isSigned ? `url = ${quoted(url)}` : `query = {\n${lines(values, "    ")}}\nurl = ${quoted(absolute("/resize?"))} + urlencode(query)`}
request = Request(url, headers={"Accept": ${quoted(ACCEPT)}})
with urlopen(request) as response:
    image = response.read()
`;

const javascript = ({ values, url, isSigned }) => `${isSigned ? `const url = ${quoted(url)};` : `const query = new URLSearchParams({\n${lines(values, "  ")}});\nconst url = ${quoted(absolute("/resize?"))} + query;`}
const response = await fetch(url);
if (!response.ok) throw new Error((await response.json()).detail);
const image = await response.blob();
`;

function loader({ values, isSigned }) {
	if (isSigned) return "// This server asks for signed URLs, and a key must not reach a browser:\n// sign on your own server, and give the signed URLs to the page.\n";
	const fixed = new Map([...values].filter(([name]) => !/^(url|width|quality)$/.test(name)));
	return `// next.config.js: images: { loader: "custom", loaderFile: "./loader.js" }
export default function loader({ src, width, quality }) {
  const query = new URLSearchParams({
    url: src,
    width,
    quality: quality ?? ${quoted(values.get("quality") ?? "80")},
${lines(fixed, "    ")}  });
  return ${quoted(absolute("/resize?"))} + query;
}
`;
}

const curl = ({ url, type }) => `curl -fsS -H ${shell(`Accept: ${ACCEPT}`)} -o image.${/^image\/([a-z]+)/.exec(type)?.[1] ?? "bin"} ${shell(url)}\n`;

/** The element that ``/srcset`` writes, with widths and formats of its own. */
async function picture({ values }) {
	const kept = new Map([...values].filter(([name]) => !/^(width|height|format|dpr)$/.test(name)));
	const sides = `${values.get("width")}:${values.get("height")}`;
	if (/^\d+:\d+$/.test(sides) && !kept.has("aspect")) kept.set("aspect", sides);
	const answer = await fetchJson(`/srcset?${queryOf(kept)}`);
	return answer.html.replace(/((?:src|srcset)="|, )(?=\/)/g, `$1${html(location.origin)}`);
}

const SNIPPETS = { URL: ({ url }) => url, "<img>": element, "<picture>": picture, JavaScript: javascript, "Next.js loader": loader, Python: python, curl };

function snippet(title, code) {
	const copier = button("Copy", () => copy(code.textContent, copier), { "aria-label": `Copy ${title}` });
	return h("section", {}, div("head", h("h3", {}, title), copier), h("pre", { tabindex: "0", "aria-label": title }, code));
}

let latest;

export function showCode(result) {
	latest = result;
	const pane = $("pane-code");
	if (!pane.childElementCount) pane.append(...Object.keys(SNIPPETS).map((title) => snippet(title, h("code"))));
	Object.values(SNIPPETS).forEach(async (write, index) => {
		const text = await Promise.resolve(result).then(write).catch((error) => error.message);
		if (result === latest) pane.querySelectorAll("code")[index].textContent = text;
	});
}

export function showGrammars(dialects) {
	const sorted = [...dialects].sort((a, b) => Boolean(b.url) - Boolean(a.url));
	const unsaid = ({ title, reason }) => h("section", { class: "note" }, h("h3", {}, title), reason || "It cannot say this request.");
	$("pane-grammars").replaceChildren(...sorted.map((one) => (one.url ? snippet(one.title, h("code", {}, absolute(one.url))) : unsaid(one))));
	if (dialects.length < 2) $("pane-grammars").append(h("p", { class: "note" }, "Add grammars: ", h("code", {}, `PIXMILL_DIALECTS='[{"dialect": "ipx"}]'`)));
}
