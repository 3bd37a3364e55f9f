/** Sets of parameters by name: the server's, this browser's, and ideas. */

import { $, h, on } from "./dom.js";
import { escapeValue, parseQuery, queryOf, store } from "./state.js";

const KEY = "pixmill-presets";
const IDEAS = {
	"Card, smart crop": "width=480&height=320&fit=cover&gravity=smart",
	Avatar: "width=256&height=256&fit=cover&gravity=smart&mask=circle",
	Duotone: "width=800&duotone=28145a,fadc5a",
	"Blurred backdrop": "width=800&height=450&fit=contain&extend=blur",
	Watermark: "width=800&overlay=text:Pixmill,size:48,color:white,gravity:southeast,x:24,y:24,opacity:80",
};
const REMOVE = "remove:";

function saved() {
	try {
		return Object.entries(JSON.parse(localStorage.getItem(KEY)) ?? {}).filter(([, query]) => typeof query === "string");
	} catch {
		return [];
	}
}

/** Presets of the server are applied by name, others by what they hold. */
export function listenPresets({ presets, presets_only }) {
	function list() {
		const groups = {
			Saved: saved(),
			"Of this server": presets.map(({ name }) => [name, `preset=${escapeValue(name)}`]),
			Ideas: presets_only ? [] : Object.entries(IDEAS),
			Remove: saved().map(([name]) => [name, REMOVE + name]),
		};
		const filled = Object.entries(groups).filter(([, entries]) => entries.length);
		const options = (entries) => entries.map(([name, value]) => h("option", { value }, name));
		$("presets").replaceChildren(h("option", { value: "" }, "Presets"), ...filled.map(([label, entries]) => h("optgroup", { label }, ...options(entries))));
	}
	function save(entries) {
		localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(entries)));
		list();
	}
	list();
	on("presets", "change", () => {
		const { value } = $("presets");
		$("presets").value = "";
		if (value.startsWith(REMOVE)) return save(saved().filter(([name]) => REMOVE + name !== value));
		const values = parseQuery(value);
		if (store.get("url")) values.set("url", store.get("url"));
		store.replace(values);
		store.commit();
	});
	on("save-preset", "click", () => {
		const name = prompt("Save these parameters in this browser as")?.trim();
		const values = new Map(store.values);
		values.delete("url");
		if (name) save([...saved().filter(([other]) => other !== name), [name, queryOf(values)]]);
	});
}
