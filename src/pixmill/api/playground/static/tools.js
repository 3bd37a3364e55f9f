/** Crop and focal point, on the original. */

import { $, arrow, button, clamp, div, on, place, press } from "./dom.js";

const EDGES = { move: "position", nw: "top left", n: "top", ne: "top right", w: "left", e: "right", sw: "bottom left", s: "bottom", se: "bottom right" };
const SMALLEST = 0.005;
const percent = (value) => `${value * 100}%`;

export class Tools {
	active = "";
	#crop;
	#point;

	constructor(viewer, values, sides) {
		Object.assign(this, { viewer, values, sides, overlay: $("overlay") });
		this.box = div("crop", ...Object.entries(EDGES).map(([side, place]) => {
			const handle = button("", null, { class: `handle ${side}`, "data-side": side, "aria-label": `Crop, ${place}; arrow keys move it` });
			handle.style.cursor = `${side}-resize`;
			return handle;
		}));
		this.point = button("", null, { class: "focus-point", "aria-label": "Focal point; arrow keys move it" });
		on("overlay", "pointerdown", (event) => this.#start(event));
		on("overlay", "lostpointercapture", () => (this.overlay.onpointermove = this.overlay.onpointerup = null));
		on("overlay", "keydown", (event) => this.#key(event));
		on("crop-tool", "click", () => this.use(this.active === "crop" ? "" : "crop"));
		on("focus-tool", "click", () => this.use(this.active === "focus" ? "" : "focus"));
	}

	use(tool, isFocused) {
		this.active = tool;
		for (const name of ["crop", "focus"]) press($(`${name}-tool`), tool === name);
		this.overlay.replaceChildren(tool === "crop" ? this.box : this.point);
		if (tool && /split|result/.test(this.viewer.view)) this.viewer.setView(innerWidth < 700 ? "original" : "side");
		this.onuse();
		this.show();
		if (isFocused) this.overlay.querySelector(".se,.focus-point").focus();
	}

	show() {
		this.overlay.hidden = !this.active || !/side|original/.test(this.viewer.view) || !/max_side=2048/.test(this.viewer.before.path);
		const { left, top, width, height } = this.viewer.rectangle(this.viewer.before);
		place(this.overlay, left, top, width, height);
		this.#crop = this.#readCrop();
		const [x, y, w, h] = this.#crop.map(percent);
		Object.assign(this.box.style, { left: x, top: y, width: w, height: h });
		this.#point = /^fp:([\d.]+),([\d.]+)/.exec(this.values.get("gravity"))?.slice(1).map((text) => clamp(Number(text))) ?? [0.5, 0.5];
		Object.assign(this.point.style, { left: percent(this.#point[0]), top: percent(this.#point[1]) });
	}

	#readCrop() {
		const [, unit, ...numbers] = /^(pct:)?([\d.]+),([\d.]+),([\d.]+),([\d.]+)$/.exec(this.values.get("crop")) ?? [];
		const sides = unit ? [100, 100] : this.sides();
		if (!numbers.length || !sides) return [0, 0, 1, 1];
		const [x, y, w, h] = numbers.map((number, index) => clamp(Number(number) / sides[index % 2]));
		return [x, y, Math.min(w, 1 - x), Math.min(h, 1 - y)];
	}

	#writeCrop([x, y, w, h]) {
		const sides = this.values.get("crop")?.startsWith("pct:") ? null : this.sides();
		const unit = sides ?? [100, 100];
		const round = (value) => (sides ? Math.round(value) : Number(value.toFixed(2)));
		const [left, top] = [x, y].map((share, axis) => Math.min(unit[axis] - 1, round(share * unit[axis])));
		const [right, bottom] = [x + w, y + h].map((share, axis) => round(share * unit[axis]));
		const numbers = [left, top, Math.max(1, round(right - left)), Math.max(1, round(bottom - top))];
		this.values.set("crop", w > 0.9995 && h > 0.9995 ? "" : `${sides ? "" : "pct:"}${numbers}`);
	}

	#writePoint(at) {
		const rest = /^fp:[\d.]+,[\d.]+(,.*)$/.exec(this.values.get("gravity"))?.[1] ?? "";
		this.values.set("gravity", `fp:${at.map((share) => Number(clamp(share).toFixed(3)))}${rest}`);
	}

	#start(event) {
		if (event.button) return;
		event.stopPropagation();
		const { side } = event.target.dataset;
		const from = this.#at(event);
		const crop = this.#crop;
		const isNew = !side || (side === "move" && crop[2] >= 1 && crop[3] >= 1);
		const move = (moved) => {
			const to = this.#at(moved);
			const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
			if (this.active === "focus") this.#writePoint(to);
			else if (!isNew) this.#writeCrop(resized(crop, side, dx, dy));
			else if (Math.abs(dx) > SMALLEST && Math.abs(dy) > SMALLEST) this.#writeCrop([Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.abs(dx), Math.abs(dy)]);
		};
		if (this.active === "focus") move(event);
		this.overlay.setPointerCapture(event.pointerId);
		this.overlay.onpointermove = this.overlay.onpointerup = move;
	}

	#at(event) {
		const { left, top, width, height } = this.overlay.getBoundingClientRect();
		return [clamp((event.clientX - left) / width), clamp((event.clientY - top) / height)];
	}

	#key(event) {
		const step = arrow(event, event.shiftKey ? 0.1 : this.active === "focus" ? 0.01 : SMALLEST);
		if (!step) return;
		if (this.active === "focus") this.#writePoint(this.#point.map((share, axis) => share + step[axis]));
		else this.#writeCrop(resized(this.#crop, event.target.dataset.side, ...step));
	}
}

function resized([x, y, w, h], side, dx, dy) {
	if (side === "move") return [clamp(x + dx, 0, 1 - w), clamp(y + dy, 0, 1 - h), w, h];
	let [left, top, right, bottom] = [x, y, x + w, y + h];
	if (side.includes("w")) left = clamp(left + dx, 0, right - SMALLEST);
	if (side.includes("e")) right = clamp(right + dx, left + SMALLEST);
	if (side.includes("n")) top = clamp(top + dy, 0, bottom - SMALLEST);
	if (side.includes("s")) bottom = clamp(bottom + dy, top + SMALLEST);
	return [left, top, right - left, bottom - top];
}
