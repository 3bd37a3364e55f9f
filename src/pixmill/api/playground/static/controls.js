/** Controls by kind of value: an element, its main input, and how to show a text. */

import { arrow, button, chip, clamp, div, h, isPressed, press } from "./dom.js";

const POSITIONS = 200;
const MOST_PIXELS = 4096; // of a slider for a side; larger ones can be typed
const read = (text) => (/^-?\d+(\.\d+)?$/.test(text ?? "") ? Number(text) : NaN);
let count = 0;

/** Positions of a slider and values: even steps; in long ranges larger ones away from the default. */
function scaleOf({ kind, min, max, ...spec }) {
	const start = clamp(read(spec.default) || 0, min, max);
	const isLong = max - min > POSITIONS && start >= 0;
	const step = kind === "integer" ? 1 : isLong ? 0.1 : (spec.step ?? 0.1);
	const tidy = (value) => String(Number((Math.round(value / step) * step).toFixed(4)));
	if (!isLong) return { low: Math.min(min, start), high: max, step, start, toValue: tidy, toPosition: (value) => value };
	const rate = (sign) => Math.log1p((sign < 0 ? start - min : (max === 16383 ? MOST_PIXELS : max) - start) / step) / POSITIONS;
	return {
		low: start > min ? -POSITIONS : 0, high: POSITIONS, step: 1, start: 0,
		toValue: (at) => tidy(start + Math.sign(at) * Math.max(Math.expm1(Math.abs(at) * rate(at)), at && 1) * step),
		toPosition: (value) => (Math.sign(value - start) * Math.log1p(Math.abs(value - start) / step)) / rate(value - start),
	};
}

function textBox(spec, { id, label, change }, name = "value", tag = "input") {
	const numbers = spec.max && spec.min >= 0 && !spec.choices?.length;
	const input = h(tag, { id, class: name, spellcheck: "false", "aria-label": label, placeholder: spec.default || (spec.placeholder ? `e.g. ${spec.placeholder}` : ""), inputmode: numbers ? "decimal" : null, oninput: () => change(input.value.replace(/\n/g, "").trim()) });
	const set = (text = "") => input.value.trim() !== text && (input.value = text);
	if (!spec.choices?.length) return { element: input, input, set };
	const list = h("datalist", { id: `list-${(count += 1)}` }, ...spec.choices.map((value) => h("option", { value })));
	input.setAttribute("list", list.id);
	return { element: h("span", {}, input, list), input, set };
}

const text = (spec, options) => textBox(spec, options, "text");
const area = (spec, options) => textBox(spec, options, "text", "textarea");

function numeric(spec, options) {
	const box = textBox(spec, options);
	if (spec.min == null || spec.max == null) return box;
	const scale = scaleOf(spec);
	const rest = read(spec.default || spec.placeholder) || 0;
	const slider = h("input", { type: "range", min: scale.low, max: scale.high, step: scale.step, "aria-label": `${options.label ?? options.name}, slider`, oninput: () => {
		const value = scale.toValue(slider.valueAsNumber);
		set(value);
		options.change(value);
	} });
	const set = (value) => {
		box.set(value);
		const number = read(value);
		const isSet = !isNaN(number);
		slider.classList.toggle("unset", !isSet);
		if (document.activeElement !== slider || !isSet) slider.value = scale.toPosition(isSet ? number : rest);
		slider.setAttribute("aria-valuetext", value || spec.default || "not set");
		const ends = [slider.valueAsNumber, scale.start].map((at) => (at - scale.low) / (scale.high - scale.low)).sort((a, b) => a - b);
		["--low", "--high"].forEach((name, index) => slider.style.setProperty(name, isSet ? `calc(7px + (100% - 14px)*${ends[index]})` : "0%"));
	};
	set("");
	return { element: div("numeric", slider, box.element), input: box.input, set };
}

/** Give a value on as it is written: the default is left out. */
const give = (value, spec, { change }) => change(value === spec.default ? "" : value, value === spec.default);

function toggle(spec, options) {
	const normal = spec.default || "false";
	const input = h("input", { id: options.id, type: "checkbox", role: "switch", onchange: () => give(String(input.checked), { default: normal }, options) });
	return { element: input, input, set: (value) => (input.checked = /^(true|1)$/.test(value || normal)) };
}

function oneOf(spec, options) {
	const { choices } = spec;
	if (choices.join("").length * 6.5 + choices.length * 18 > 250) return select(spec, options);
	const name = `radio-${(count += 1)}`;
	const radios = choices.map((value) => h("input", { type: "radio", name, value, onchange: () => give(value, spec, options) }));
	const element = h("div", { class: "segments", role: "radiogroup", "aria-labelledby": options.labelledby }, ...radios.map((radio) => h("label", {}, radio, h("span", {}, radio.value))));
	const set = (value) => radios.forEach((radio) => (radio.checked = radio.value === (value || spec.default)));
	set("");
	return { element, input: element, focus: () => (radios.find((radio) => radio.checked) ?? radios[0]).focus(), set };
}

function select(spec, options) {
	const input = h("select", { id: options.id, onchange: () => give(input.value, spec, options) });
	const add = (value) => input.append(h("option", { value }, value || "–"));
	[...(spec.default ? [] : [""]), ...spec.choices].forEach(add);
	const set = (value) => {
		if (value && ![...input.options].some((option) => option.value === value)) add(value); // another word for the same
		input.value = value || spec.default;
	};
	set("");
	return { element: input, input, set };
}

const canvas = document.createElement("canvas").getContext("2d");

/** The colour for a picker, and the opacity from 0 to 255, of hexadecimal digits or a CSS name. */
function rgba(value = "") {
	canvas.fillStyle = "#010203";
	canvas.fillStyle = /^([\da-f]{3,4}|([\da-f]{2}){3,4})$/i.test(value) ? `#${value}` : value;
	const [red, green, blue, alpha = 1] = canvas.fillStyle.match(/[\d.]+/g) ?? [];
	if (canvas.fillStyle === "#010203") return ["", 255];
	if (canvas.fillStyle.startsWith("#")) return [canvas.fillStyle, 255];
	return [`#${[red, green, blue].map((part) => Number(part).toString(16).padStart(2, "0")).join("")}`, Math.round(alpha * 255)];
}

function colour(spec, options) {
	const label = options.label ?? options.name;
	const write = () => {
		const opacity = alpha.valueAsNumber < 255 ? alpha.valueAsNumber.toString(16).padStart(2, "0") : "";
		set(picker.value.slice(1) + opacity);
		options.change(box.input.value);
	};
	const picker = h("input", { type: "color", "aria-label": `${label}, picker`, oninput: write });
	const alpha = h("input", { type: "range", min: 0, max: 255, class: "alpha", "aria-label": `${label}, opacity`, oninput: write });
	const box = text(spec, { ...options, change: (value) => (set(value), options.change(value)) });
	const set = (value) => {
		box.set(value);
		const [hex, opacity] = rgba(value);
		if (hex) picker.value = hex;
		alpha.value = opacity;
		alpha.style.setProperty("--ink", hex || "transparent");
		alpha.setAttribute("aria-valuetext", `${Math.round(opacity / 2.55)} percent`);
		for (const one of [picker, alpha]) one.classList.toggle("unset", !hex);
	};
	set("");
	return { element: div("colour", picker, box.element, alpha), input: box.input, set };
}

function clickable(words, spec, options, more = []) {
	const box = text({ ...spec, choices: words.length ? null : spec.choices }, options);
	const choose = (word) => {
		set(word === spec.default ? "" : word);
		give(word, spec, options);
	};
	const chips = words.map((word) => chip(word, () => choose(word)));
	const set = (value) => {
		box.set(value);
		chips.forEach((one) => press(one, one.textContent === (value || spec.default)));
	};
	set("");
	return { element: div("beside", div("chips", ...chips, ...more), box.element), input: box.input, set, choose };
}

const GRID = ["northwest", "north", "northeast", "west", "center", "east", "southwest", "south", "southeast"];
const SHORT = { c: 4, n: 1, ne: 2, e: 5, se: 8, s: 7, sw: 6, w: 3, nw: 0 };

function gravity(spec, options) {
	const point = options.draw && chip("focal point…", options.draw);
	const words = (spec.choices ?? []).filter((word) => !(word in SHORT) && !GRID.includes(word));
	const box = clickable(words, { ...spec, choices: null }, options, point ? [point] : []);
	const move = (event, index) => {
		const step = arrow(event);
		if (!step) return;
		const to = clamp((index % 3) + step[0], 0, 2) + 3 * clamp(Math.floor(index / 3) + step[1], 0, 2);
		cells[to].click();
		cells[to].focus();
	};
	const cells = GRID.map((word, index) => button("", () => (set(word), box.choose(word)), { role: "radio", "aria-label": word, title: word, onkeydown: (event) => move(event, index) }));
	const set = (value) => {
		box.set(value);
		const word = (value || spec.default || "center").split(/[:,]/)[0];
		const at = SHORT[word] ?? GRID.indexOf(word);
		cells.forEach((cell, index) => {
			cell.setAttribute("aria-checked", index === at);
			cell.tabIndex = index === (at < 0 ? 4 : at) ? 0 : -1;
		});
		if (point) press(point, word === "fp");
	};
	set("");
	const grid = h("div", { class: "grid", role: "radiogroup", "aria-label": `${options.name}, direction` }, ...cells);
	return { element: div("gravity", grid, box.element), input: box.input, set };
}

/** The names of the values of a list, by its grammar: "sigma,amount …, followed by ,threshold". */
function namesOf({ expects = "", required }) {
	const find = (pattern) => pattern.exec(expects)?.[1].split(",") ?? [];
	const first = find(/(?:^| )([a-z]+(,[a-z]+)+)/);
	return [...(first.length ? first : Array(required).fill("")), ...find(/followed by ,([a-z_,]+)/)];
}

function list(spec, options) {
	if (!spec.items?.length || spec.items.length > 6) return (spec.choices?.length ? several : text)(spec, options);
	const texts = [];
	const normal = (spec.default || "").split(",");
	const example = (spec.example || "").split(",");
	const names = namesOf(spec);
	const write = () => {
		const last = Math.max(texts.findLastIndex(Boolean), texts.some(Boolean) ? spec.required - 1 : -1);
		for (let index = 0; index <= last; index += 1) {
			if (!texts[index]) parts[index].set((texts[index] = normal[index] || example[index] || String(spec.items[index].min ?? 0)));
		}
		options.change(texts.slice(0, last + 1).join(","));
	};
	const parts = spec.items.map((item, index) => build({ ...item, default: normal[index] ?? "", placeholder: example[index] }, {
		label: `${options.name}, ${names[index] || `value ${index + 1}`}`,
		change: (value) => ((texts[index] = value), write()),
	}));
	const set = (value) => {
		const values = value ? value.split(",") : [];
		parts.forEach((part, index) => part.set((texts[index] = values[index] ?? "")));
	};
	const items = parts.map((part, index) => div("item", h("span", { "aria-hidden": "true" }, names[index] ?? ""), part.element));
	return { element: h("div", { class: "list", role: "group", "aria-labelledby": options.labelledby }, ...items), input: parts[0].input, set };
}

function several(spec, options) {
	const chips = spec.choices.map((word) => chip(word, ({ currentTarget }) => {
		press(currentTarget, !isPressed(currentTarget));
		options.change(chips.filter(isPressed).map((one) => one.textContent).join(","));
	}));
	const set = (value = "") => chips.forEach((one) => press(one, value.split(",").includes(one.textContent)));
	return { element: h("div", { class: "chips", role: "group", "aria-labelledby": options.labelledby }, ...chips), input: chips[0], set };
}

const FORMATS = ["auto", "avif", "webp", "jpeg", "png"];
const RATIOS = ["1:1", "4:3", "3:2", "16:9", "9:16"];
const KINDS = {
	integer: numeric, number: numeric, boolean: toggle, enum: oneOf, colour, gravity, list, choices: several, overlay: area, stages: area,
	format: (spec, options) => clickable(FORMATS, spec, options),
	ratio: (spec, options) => clickable(RATIOS, spec, options),
	region: (spec, options) => clickable([], spec, options, options.draw ? [button("Draw…", options.draw, { class: "chip" })] : []),
};

export const build = (spec, options) => (KINDS[spec.kind] ?? text)(spec, options);
