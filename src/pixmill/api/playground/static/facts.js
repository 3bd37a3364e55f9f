/** What is known of a result and its making. */

import { $, announce, bytesText, div, h } from "./dom.js";

const span = (name, text = "") => h("span", { class: name }, text);
const fact = (name, figure, detail, style = "") => div(`fact ${style}`, span("", name), span("figure", figure), span("detail", detail));

/** Show the facts of a result beside those of its original, which may still be unknown. */
export function showFacts({ bytes, type, ms, headers, width, height }, original) {
	const saved = original?.bytes ? (1 - bytes / original.bytes) * 100 : 0;
	const share = saved > 99 ? saved.toFixed(1) : Math.abs(Math.round(saved));
	const saving = original?.bytes ? `${saved < 0 ? "+" : "−"}${share} % of ${bytesText(original.bytes)}` : "";
	const format = type.replace(/^image\/(x-)?|\+xml$/g, "").toUpperCase();
	$("facts").replaceChildren(
		fact("Size", bytesText(bytes), saving, saved > 0 ? "good" : ""),
		fact("Dimensions", width ? `${width} × ${height}` : "–", original?.width ? `of ${original.width} × ${original.height}` : ""),
		fact("Format", format, original && `from ${original.format.toUpperCase()}`),
		fact("Time", `${Math.round(ms)} ms`, "in the browser"),
		fact("Cache", ...cacheOf(headers.get("Cache-Status") ?? "")),
		...timing(headers.get("Server-Timing") ?? ""),
	);
	announce(`Result: ${bytesText(bytes)}, ${saving} ${format} ${width} × ${height}`);
}

/** Cache-Status (RFC 9211) in a word or two. */
function cacheOf(header) {
	const parts = new Map(header.split(";").slice(1).map((part) => part.trim().split("=")));
	const detail = parts.has("stored") ? "stored" : parts.get("detail");
	return parts.has("hit") ? ["hit", detail] : [parts.get("fwd")?.replace(/\w+-miss/, "miss").replace("method", "bypass") ?? "–", detail];
}

function timing(header) {
	const stages = [...header.matchAll(/([\w-]+)[^,]*?;\s*dur=([\d.]+)/g)].map(([, name, ms]) => [name, Number(ms)]).filter(([name], _, all) => !/total|render/.test(name) || all.length < 2);
	if (!stages.length) return [];
	const [bar, legend] = [div("bar"), div("legend")];
	stages.forEach(([name, ms], index) => {
		const [piece, word] = [h("span"), h("span", {}, `${name} ${ms.toFixed(ms < 10 ? 1 : 0)}`)];
		piece.style.flexGrow = ms;
		for (const one of [piece, word]) one.style.setProperty("--tone", `hsl(${175 + 137 * index} 45% 45%)`);
		bar.append(piece);
		legend.append(word);
	});
	return [div("fact timing", span("", "Server, ms"), bar, legend)];
}
