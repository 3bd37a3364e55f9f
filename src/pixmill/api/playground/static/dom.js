/** Elements without markup in strings: text of strangers is only ever text. */

export const $ = (id) => document.getElementById(id);

/** Create an element. Properties that begin with "on" are listeners. */
export function h(tag, properties = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(properties)) {
		if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
		else if (value != null) element.setAttribute(name, value);
	}
	element.append(...children.filter((child) => child != null));
	return element;
}

export const div = (name, ...children) => h("div", { class: name }, ...children);
export const button = (text, onclick, properties) => h("button", { onclick, ...properties }, text);
export const chip = (text, onclick) => button(text, onclick, { class: "chip", "aria-pressed": "false" });
export const isPressed = (one) => one.getAttribute("aria-pressed") === "true";
export const press = (one, isOn) => one.setAttribute("aria-pressed", isOn);
export const on = (id, event, action) => $(id).addEventListener(event, action);
export const onEnter = (id, action) => on(id, "keydown", ({ key }) => key === "Enter" && action());
export const clamp = (value, low = 0, high = 1) => Math.max(low, Math.min(high, value));
export const announce = (text) => ($("status").textContent = text);
export const prose = (text) => text.split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part));

export const place = ({ style }, left, top, width, height) => Object.assign(style, { translate: `${left}px ${top}px`, width: `${width}px`, height: `${height}px` });

export function debounce(action, ms) {
	let timer;
	return () => {
		clearTimeout(timer);
		timer = setTimeout(action, ms);
	};
}

export async function copy(text, button) {
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		const area = h("textarea", {}, text);
		document.body.append(area);
		area.select();
		document.execCommand("copy"); // plain http on another host than localhost has no clipboard
		area.remove();
	}
	button.textContent = "Copied";
	announce("Copied");
	setTimeout(() => (button.textContent = "Copy"), 1500);
}

export function mark(control, message, text) {
	message.hidden = !text;
	message.textContent = text;
	if (text) control.setAttribute("aria-invalid", "true");
	else control.removeAttribute("aria-invalid");
}

/** The step along each axis that an arrow key means, if it is one. */
export function arrow(event, x = 1, y = x) {
	const step = { ArrowLeft: [-x, 0], ArrowRight: [x, 0], ArrowUp: [0, -y], ArrowDown: [0, y] }[event.key];
	if (step) event.preventDefault();
	return step;
}

export function rove(event, items, current) {
	const [dx, dy] = arrow(event) ?? { Home: [-Infinity, 0], End: [Infinity, 0] }[event.key] ?? [];
	return dx === undefined ? null : items[clamp(items.indexOf(current) + dx + dy, 0, items.length - 1)];
}

export const bytesText = (bytes) => (bytes < 1000 ? `${bytes} B` : bytes < 999_500 ? `${(bytes / 1000).toPrecision(3)} kB` : `${(bytes / 1e6).toPrecision(3)} MB`);
