/** Choosing an image: from the server's, a file, a URL. */

import { $, announce, bytesText, debounce, h, on, onEnter, rove } from "./dom.js";
import { Problem, config, fetchImage, listImages, upload } from "./requests.js";
import { escapeValue } from "./state.js";

const PAGE = 60;
const AT_ONCE = 2;
const THUMBNAIL = "width=144&height=108&fit=cover&format=webp&quality=60&animated=false";

export class Library {
	#next = "";
	#waiting = [];
	#running = 0;
	#seen = new Set();

	constructor(choose, fail) {
		Object.assign(this, { choose, fail, strip: $("strip") });
		this.visible = new IntersectionObserver((entries) => this.#see(entries), { root: this.strip, rootMargin: "0px 300px" });
		on("strip", "scroll", debounce(() => this.strip.scrollLeft + 2 * this.strip.clientWidth > this.strip.scrollWidth && this.load().catch(fail), 50));
		on("strip", "keydown", (event) => this.#key(event));
		const take = () => $("source").value.trim() && choose($("source").value.trim());
		on("source", "change", take);
		onEnter("source", take);
		this.#listenFiles();
	}

	/** Load the next page. Returns its first image, if any. */
	async load() {
		const after = this.#next;
		if (after == null) return null;
		this.#next = null;
		const { images, next } = await listImages(after, PAGE);
		this.#next = next;
		this.strip.append(...images.filter(({ source }) => !this.#seen.has(source)).map((image) => this.#option(image)));
		this.select(this.current);
		return images[0]?.source;
	}

	#option({ source, name, bytes }) {
		this.#seen.add(source);
		const option = h("div", { role: "option", class: "thumb", title: `${name}, ${bytesText(bytes)}`, "data-source": source, onclick: () => this.#take(option) }, h("img", { alt: "", width: 72, height: 52 }), h("span", {}, name));
		this.visible.observe(option);
		return option;
	}

	#take(option) {
		this.choose(option.dataset.source);
		option.focus();
	}

	/** Load thumbnails in view, a few at a time: results must not wait for them. */
	#see(entries) {
		for (const { isIntersecting, target } of entries) {
			this.#waiting = this.#waiting.filter((option) => option !== target);
			if (isIntersecting) this.#waiting.push(target);
		}
		this.#work();
	}

	async #work() {
		if (this.#running >= AT_ONCE || !this.#waiting.length) return;
		const option = this.#waiting.shift();
		const image = option.firstChild;
		this.visible.unobserve(option);
		this.#running += 1;
		this.#work();
		try {
			const { blob } = await fetchImage(`/resize?url=${escapeValue(option.dataset.source)}&${THUMBNAIL}`);
			image.src = URL.createObjectURL(blob);
			await image.decode();
		} catch {
			option.classList.add("broken");
		}
		URL.revokeObjectURL(image.src);
		this.#running -= 1;
		this.#work();
	}

	#key(event) {
		if (/^( |Enter)$/.test(event.key) && event.target.dataset.source) {
			event.preventDefault();
			this.#take(event.target);
		}
		const to = rove(event, [...this.strip.children], event.target);
		if (to) this.#stop(to);
		to?.focus();
	}

	#stop(stop = this.strip.querySelector("[aria-selected=true]") ?? this.strip.firstChild) {
		for (const option of this.strip.children) option.tabIndex = option === stop ? 0 : -1;
	}

	select(source = "") {
		this.current = source;
		for (const option of this.strip.children) option.setAttribute("aria-selected", option.dataset.source === source);
		this.#stop();
		if (document.activeElement !== $("source")) $("source").value = source;
	}

	#listenFiles() {
		on("choose-file", "click", () => $("file").click());
		on("file", "change", () => this.#send($("file").files[0]));
		let depth = 0;
		const listen = (name, change) => addEventListener(name, (event) => {
			if (!event.dataTransfer?.types.includes("Files")) return;
			event.preventDefault();
			depth = name === "drop" ? 0 : depth + change;
			$("drop").hidden = !depth;
			if (name === "drop") this.#send(event.dataTransfer.files[0]);
		});
		Object.entries({ dragenter: 1, dragover: 0, dragleave: -1, drop: 0 }).forEach((one) => listen(...one));
		addEventListener("paste", (event) => this.#send(event.clipboardData?.files[0]));
	}

	async #send(file) {
		if (!file) return;
		const { name, size } = file;
		const most = config.uploads.max_bytes;
		try {
			if (size > most) throw new Problem({ detail: `${name} has ${bytesText(size)}; this server takes up to ${bytesText(most)}.`, code: "upload_too_large", status: 413 });
			announce(`Sending ${name}`);
			const { source } = await upload(file);
			this.strip.prepend(this.#option({ source, name, bytes: size }));
			this.strip.scrollLeft = 0;
			this.choose(source);
		} catch (error) {
			this.fail(error);
		}
	}
}
