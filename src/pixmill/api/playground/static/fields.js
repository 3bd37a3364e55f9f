/** The form: fields in groups, search, descriptions, errors. */

import { build } from "./controls.js";
import { $, button, chip, div, h, mark, prose } from "./dom.js";
import { store } from "./state.js";

const fields = new Map();
const groups = [];
const OPEN = ["size", "output"];
let before = null; // which groups were open before a search

export function buildForm({ groups: titles, parameters }, tools) {
	for (const { name, title } of titles) {
		const list = parameters.filter((one) => one.group === name && one.name !== "url");
		if (list.length) $("form").append(group(title, list, tools, OPEN.includes(name)));
	}
}

function group(title, list, tools, isOpen) {
	const count = h("span", { class: "count", hidden: "" });
	const [basic, advanced] = [div("fields"), div("fields")];
	const rest = list.filter((one) => one.advanced).length;
	const more = h("details", {}, h("summary", {}, `${rest} more`), advanced);
	const body = h("details", { class: "group", open: isOpen ? "" : null }, h("summary", {}, h("h3", {}, title), count), basic, more);
	more.hidden = !rest;
	for (const one of list) {
		const made = { ...field(one, tools[one.name]), parameter: one, body, more: one.advanced ? more : null };
		fields.set(one.name, made);
		(one.advanced ? advanced : basic).append(made.element);
	}
	groups.push({ body, more, count, list: list.map(({ name }) => fields.get(name)) });
	return body;
}

const focus = (control) => (control.focus ? control.focus() : control.input.focus());

function field(parameter, draw) {
	const { name } = parameter;
	const change = (text, isDefault) => store.set(name, isDefault && store.get("preset") ? parameter.default : text); // overrides the preset
	const control = build(parameter, { id: `f-${name}`, name, labelledby: `l-${name}`, change, draw });
	const message = h("p", { class: "error", id: `e-${name}`, hidden: "" });
	const about = h("div", { class: "about", id: `i-${name}`, hidden: "" });
	const info = button("?", () => {
		about.hidden = !about.hidden;
		info.setAttribute("aria-expanded", !about.hidden);
		if (!about.childElementCount) describe(parameter, about);
	}, { class: "icon", "aria-label": `About ${name}`, "aria-expanded": "false", "aria-controls": about.id });
	const clear = button("×", () => {
		store.set(name, "");
		focus(control);
	}, { class: "icon", "aria-label": `Clear ${name}`, hidden: "" });
	control.input.setAttribute("aria-describedby", message.id);
	const label = h("label", { id: `l-${name}`, for: `f-${name}` }, name);
	const element = h("div", { class: `field kind-${parameter.kind}`, "data-name": name }, div("head", label, clear, info), control.element, message, about);
	return { element, control, message, clear };
}

function describe({ name, description, expects, unit, aliases = [], examples = [], ...rest }, about) {
	const rows = [["Values", expects], ["Unit", unit], ["Default", rest.default], ["Also", aliases.join(", ")]].filter(([, value]) => value);
	about.append(h("p", {}, ...prose(description)), ...rows.map(([title, value]) => h("p", {}, h("b", {}, `${title}: `), value)),
		div("chips", ...examples.map((text) => chip(text, () => store.set(name, text)))));
}

export function showValues(values) {
	for (const [name, { control, element, clear }] of fields) {
		const text = values.get(name) ?? "";
		if (element.dataset.value === text) continue;
		element.dataset.value = text;
		element.classList.toggle("set", text);
		clear.hidden = !text;
		control.set(text);
	}
	for (const { count, list } of groups) {
		count.textContent = list.filter(({ parameter }) => values.has(parameter.name)).length;
		count.hidden = count.textContent === "0";
	}
}

export function clearErrors() {
	for (const { control, message } of fields.values()) if (!message.hidden) mark(control.input, message, "");
	mark($("source"), $("e-url"), "");
}

/** Show an error at the field of a parameter. Returns whether there is such a field. */
export function showError(name, text) {
	const found = fields.get(name);
	if (found) reveal(found);
	if (found) mark(found.control.input, found.message, text);
	else if (name === "url") mark($("source"), $("e-url"), text);
	return found || name === "url";
}

function reveal({ body, more, element }) {
	body.open = true;
	if (more) more.open = true;
	element.hidden = false;
}

export function search(text) {
	const words = text.toLowerCase().split(/\s+/).filter(Boolean);
	const hasAll = (where) => words.every((word) => where.includes(word));
	before ??= groups.map(({ body, more }) => [body.open, more.open]);
	for (const { element, parameter } of fields.values()) {
		const names = `${parameter.name} ${parameter.aliases} ${parameter.name.replaceAll("_", " ")}`;
		element.hidden = !hasAll(`${names} ${parameter.group} ${parameter.description}`.toLowerCase());
		element.classList.toggle("near", hasAll(names));
	}
	groups.forEach(({ body, more, list }, index) => {
		const here = list.filter(({ element }) => !element.hidden);
		body.hidden = !here.length;
		more.hidden = !here.some((one) => one.more);
		[body.open, more.open] = words.length ? [true, true] : before[index];
	});
	if (!words.length) before = null;
	$("nothing").hidden = groups.some(({ body }) => !body.hidden);
}

export function goToFirst() {
	const element = $("form").querySelector(".near:not([hidden])") ?? $("form").querySelector(".field:not([hidden])");
	if (element) focus(fields.get(element.dataset.name).control);
}
