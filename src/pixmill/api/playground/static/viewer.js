/** Result and original, with split, zoom and pan. Transforms move images: nothing shifts. */

import { $, arrow, clamp, h, on, place, press } from "./dom.js";

const MARGIN = 16;
const STEP = 1.25;

class Layer {
	width = 0;
	height = 0;
	image = h("img");

	constructor(id) {
		this.pane = $(id);
	}

	async show(blob, alt, path) {
		const next = h("img", { alt, draggable: "false", src: URL.createObjectURL(blob) });
		try {
			await next.decode();
		} catch (error) {
			URL.revokeObjectURL(next.src);
			throw error;
		}
		this.replace(next);
		Object.assign(this, { width: next.naturalWidth, height: next.naturalHeight, path });
	}

	replace(next = h("img")) {
		if (this.image.src) URL.revokeObjectURL(this.image.src);
		this.image.remove();
		this.pane.prepend(next);
		Object.assign(this, { image: next, width: 0, height: 0, path: "" });
	}
}

export class Viewer {
	view = "split";
	before = new Layer("before");
	after = new Layer("after");
	stage = $("stage");
	#scale = 0; // 0: as large as fits
	#center = [0.5, 0.5];
	#split = 0.5;
	#pointers = new Map();

	constructor() {
		new ResizeObserver(() => this.layout()).observe(this.stage);
		on("stage", "keydown", (event) => this.#key(event));
		on("stage", "wheel", (event) => this.#wheel(event));
		on("zoom-in", "click", () => this.zoom(this.scale * STEP));
		on("zoom-out", "click", () => this.zoom(this.scale / STEP));
		on("zoom-fit", "click", () => this.fit());
		on("zoom-full", "click", () => this.zoom(1 / devicePixelRatio));
		on("views", "change", (event) => this.setView(event.target.value));
		this.#listenSplit();
		this.#listenPan();
	}

	setView(view) {
		this.view = view;
		document.querySelector(`[value=${view}]`).checked = true;
		this.fit();
		this.onview();
	}

	#area(layer) {
		let { clientWidth: width, clientHeight: height } = this.stage;
		let [left, top] = [0, 0];
		if (this.view === "side") {
			const isSecond = layer === this.after;
			if (height > width) [height, top] = [height / 2, isSecond ? height / 2 : 0];
			else [width, left] = [width / 2, isSecond ? width / 2 : 0];
		}
		return { left, top, width, height };
	}

	/** The sides that an image is laid out with: those of the result for both if they are split. */
	#sides(layer) {
		const { width, height } = this.view === "split" && this.after.width ? this.after : layer;
		return [width, height];
	}

	#fitScale(layer) {
		const area = this.#area(layer);
		const [width, height] = this.#sides(layer);
		return clamp(Math.min((area.width - 2 * MARGIN) / width, (area.height - 2 * MARGIN) / height), 0.001);
	}

	get #main() {
		return this.view === "original" ? this.before : this.after;
	}

	get scale() {
		return this.#scale || this.#fitScale(this.#main);
	}

	fit() {
		this.#scale = 0;
		this.layout();
	}

	zoom(scale, at) {
		const { left, top, width, height } = this.#area(this.#main);
		const [dx, dy] = at ? [at[0] - left - width / 2, at[1] - top - height / 2] : [0, 0];
		const now = this.scale;
		this.#scale = clamp(scale, Math.min(0.02, this.#fitScale(this.#main)), 32);
		this.#move(dx / now - dx / this.#scale, dy / now - dy / this.#scale);
	}

	#pan(dx, dy) {
		this.#scale = this.scale;
		this.#move(-dx / this.#scale, -dy / this.#scale);
	}

	#move(...pixels) {
		const sides = this.#sides(this.#main);
		this.#center = this.#center.map((at, axis) => at + pixels[axis] / (sides[axis] || 1));
		this.layout();
	}

	rectangle(layer) {
		const area = this.#area(layer);
		const fit = this.#fitScale(layer);
		const scale = this.#scale ? (fit * this.#scale) / this.#fitScale(this.#main) : fit;
		const [width, height] = this.#sides(layer).map((side) => side * scale);
		return { left: area.left + area.width / 2 - this.#center[0] * width, top: area.top + area.height / 2 - this.#center[1] * height, width, height, area };
	}

	layout() {
		const { width, height } = this.#area(this.#main);
		const sides = this.#sides(this.#main).map((side) => side * this.scale);
		this.#center = this.#center.map((at, axis) => {
			const room = [width, height][axis];
			const edge = (room / 2 - MARGIN) / sides[axis];
			return sides[axis] > room ? clamp(at, edge, 1 - edge) : 0.5;
		});
		const isText = this.view === "split" && !this.after.width;
		this.#place(this.before, this.view !== "result" && !isText);
		this.#place(this.after, this.view !== "original");
		this.#placeSplit();
		$("zoom-level").textContent = this.#main.width ? `${Math.round(this.scale * devicePixelRatio * 100)} %` : "–";
		press($("zoom-fit"), !this.#scale);
		this.onlayout?.();
	}

	#place(layer, isShown) {
		const { left, top, width, height, area } = this.rectangle(layer);
		const { pane, image } = layer;
		pane.hidden = !isShown;
		place(pane, area.left, area.top, area.width, area.height);
		if (!layer.width) return;
		const scale = Math.min(width / layer.width, height / layer.height);
		const x = left - area.left + (width - layer.width * scale) / 2;
		const y = top - area.top + (height - layer.height * scale) / 2;
		image.style.transform = `translate(${x}px,${y}px) scale(${scale})`;
		image.style.setProperty("--unit", `${16 / scale}px`);
		image.style.imageRendering = scale * devicePixelRatio >= 3 ? "pixelated" : "";
	}

	#placeSplit() {
		const isSplit = this.view === "split" && this.after.width > 0 && this.before.width > 0;
		const [from, to] = this.#splitRange();
		const x = from + (to - from) * this.#split;
		const handle = $("split");
		handle.hidden = !isSplit;
		handle.style.transform = `translateX(${x}px)`;
		handle.setAttribute("aria-valuenow", Math.round(this.#split * 100));
		this.before.pane.style.clipPath = isSplit ? `inset(0 ${this.stage.clientWidth - x}px 0 0)` : "";
		this.after.pane.style.clipPath = isSplit ? `inset(0 0 0 ${x}px)` : "";
	}

	#splitRange() {
		const { left, width } = this.rectangle(this.after);
		return [Math.max(0, left), Math.min(this.stage.clientWidth, left + width)];
	}

	#splitAt(share) {
		this.#split = clamp(share);
		this.#placeSplit();
	}

	#listenSplit() {
		const handle = $("split");
		on("split", "pointerdown", (event) => {
			event.stopPropagation();
			handle.setPointerCapture(event.pointerId);
			handle.onpointermove = (moved) => {
				const [from, to] = this.#splitRange();
				this.#splitAt((this.#at(moved)[0] - from) / (to - from));
			};
		});
		on("split", "lostpointercapture", () => (handle.onpointermove = null));
		on("split", "keydown", (event) => {
			const [dx, dy] = arrow(event, event.shiftKey ? 0.1 : 0.02) ?? { Home: [-1, 0], End: [1, 0] }[event.key] ?? [0, 0];
			this.#splitAt(this.#split + dx - dy);
		});
	}

	#listenPan() {
		on("stage", "pointerdown", (event) => {
			if (event.button || event.target.closest("button,.alert,pre")) return;
			this.#pointers.set(event.pointerId, this.#at(event));
			this.stage.setPointerCapture(event.pointerId);
		});
		on("stage", "pointermove", (event) => this.#drag(event));
		on("stage", "lostpointercapture", (event) => this.#pointers.delete(event.pointerId));
	}

	#at(event) {
		const { left, top } = this.stage.getBoundingClientRect();
		return [event.clientX - left, event.clientY - top];
	}

	#drag(event) {
		const last = this.#pointers.get(event.pointerId);
		if (!last) return;
		const now = this.#at(event);
		const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
		const distance = (at) => Math.hypot(at[0] - other[0], at[1] - other[1]) || 1;
		if (other) this.zoom((this.scale * distance(now)) / distance(last), other);
		else if (this.#scale) this.#pan(now[0] - last[0], now[1] - last[1]);
		this.#pointers.set(event.pointerId, now);
	}

	#wheel(event) {
		if (document.documentElement.scrollHeight > innerHeight + 1 && !event.ctrlKey) return; // the page scrolls
		event.preventDefault();
		this.zoom(this.scale * Math.exp(-clamp(event.deltaY, -100, 100) / 300), this.#at(event));
	}

	#key(event) {
		if (event.target !== this.stage || event.ctrlKey || event.metaKey) return;
		const step = arrow(event, event.shiftKey ? 160 : 40);
		const scale = { "+": this.scale * STEP, "=": this.scale * STEP, "-": this.scale / STEP, 1: 1 / devicePixelRatio }[event.key];
		if (step) this.#pan(-step[0], -step[1]);
		else if (scale) this.zoom(scale);
		else if (event.key === "0") this.fit();
	}

	alert(text, code) {
		$("alert").replaceChildren(text, " ", h("code", {}, code));
		$("alert").hidden = !text;
		$("alert").classList.toggle("failed", code);
	}
}
