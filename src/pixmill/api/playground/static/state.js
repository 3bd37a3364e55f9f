/** The parameters that are set, their URL, and their history. */

const HISTORY_MS = 600;
const START = [["width", "800"]];

export const parameters = new Map();
const canonical = new Map();

export function declare(list) {
	for (const one of list) {
		parameters.set(one.name, one);
		for (const name of [one.name, ...(one.aliases ?? [])]) canonical.set(name, one.name);
	}
}

export const nameOf = (name) => canonical.get(name) ?? name;

/** Escape a value as the server does: separators of its parts stay. */
export const escapeValue = (text) => encodeURIComponent(text).replaceAll("'", "%27").replace(/%(2F|3A|2C|3B)/g, decodeURIComponent);

export function ordered(values) {
	const order = ["url", ...parameters.keys()];
	const place = ([name]) => order.indexOf(name) + 1 || order.length + 1;
	return [...values].sort((a, b) => place(a) - place(b));
}

export const queryOf = (values) => ordered(values).map(([name, text]) => `${name}=${escapeValue(text)}`).join("&");
export const resizePath = (values) => `/resize?${queryOf(values)}`;

/** Read a query by any of the names of a parameter; a signature is left out. */
export const parseQuery = (query) => new Map([...new URLSearchParams(query)].filter(([name]) => name !== "sig").map(([name, text]) => [nameOf(name), text]));

class Store {
	values = new Map();
	#stack = [];
	#position = -1;
	#timer = 0;

	get(name) {
		return this.values.get(name);
	}

	set(name, text) {
		const next = new Map(this.values).set(name, text);
		if (!text) next.delete(name);
		this.replace(next);
	}

	replace(values, isRecorded = true) {
		if (queryOf(values) === queryOf(this.values)) return;
		this.values = values;
		this.onchange(values);
		clearTimeout(this.#timer);
		if (isRecorded) this.#timer = setTimeout(() => this.commit(), HISTORY_MS);
	}

	/** Keep the state as a step of the history, and as the permalink in the address bar. */
	commit() {
		clearTimeout(this.#timer);
		const query = queryOf(this.values);
		if (query === this.#stack[this.#position]) return;
		this.#add(query);
		history[this.#position ? "pushState" : "replaceState"](this.#position, "", `#${query}`);
	}

	#add(query) {
		this.#stack.splice(this.#position + 1, Infinity, query);
		this.#go(this.#position + 1);
	}

	#go(position) {
		this.#position = position;
		this.onhistory(position > 0, position + 1 < this.#stack.length);
	}

	undo() {
		this.commit();
		if (this.#position > 0) history.back();
	}

	redo() {
		if (this.#position + 1 < this.#stack.length) history.forward();
	}

	/** Follow the address bar: back, forward, or a permalink that was typed or clicked. */
	follow() {
		const values = parseQuery(location.hash.slice(1));
		const query = queryOf(values);
		clearTimeout(this.#timer);
		if (this.#stack[history.state] === query) this.#go(history.state);
		else {
			this.#add(query);
			history.replaceState(this.#position, "");
		}
		this.replace(values, false);
	}

	reset() {
		this.replace(new Map([...[...this.values].filter(([name]) => name === "url"), ...START]));
		this.commit();
	}

	choose(source) {
		const values = new Map(this.values.size ? this.values : START);
		if (values.get("url") !== source) values.delete("crop");
		this.replace(values.set("url", source));
	}
}

export const store = new Store();

const isOf = (name, ...groups) => groups.includes(parameters.get(name)?.group);

/** The URL of an original, with some of the parameters, in a fast and nearly lossless encoding. */
function shownPath(values, test, facts, ...more) {
	const isAnimated = facts?.frames > 1 && values.get("animated") !== "false" && !values.has("page");
	const encoding = isAnimated ? [["format", "webp"], ["quality", "90"]] : facts?.alpha ? [["format", "png"]] : [["format", "jpeg"], ["quality", "95"]];
	return resizePath(new Map([...[...values].filter(([name]) => test(name)), ...encoding, ...more]));
}

/** The original in size and crop of the result, without colours, effects, overlays and encoding. */
export const referencePath = (values, facts) => shownPath(values, (name) => isOf(name, "source", "size") || /^(rotate|flip|trim|crop|preset)/.test(name), facts);

/** The whole original as ``crop`` counts in it or, if it is cropped, as ``gravity`` does. */
export function originalPath(values, facts, isCropped) {
	const kept = Number(values.get("rotate") ?? 0) % 90 ? /^(flip|trim)/ : /^(rotate|flip|trim)/;
	return shownPath(values, (name) => isOf(name, "source") || kept.test(name) || (isCropped && name.startsWith("crop")), facts, ["max_side", "2048"]);
}
