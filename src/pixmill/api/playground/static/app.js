/** Ties the form, the image, the URL and the history together. */

import { $, announce, copy, debounce, h, mark, on, onEnter, rove } from "./dom.js";
import { showFacts } from "./facts.js";
import { buildForm, clearErrors, goToFirst, search, showError, showValues } from "./fields.js";
import { Library } from "./library.js";
import { listenPresets } from "./presets.js";
import { Problem, config, convert, fetchImage, fetchJson, loadConfig } from "./requests.js";
import { absolute, showCode, showGrammars } from "./share.js";
import { declare, escapeValue, nameOf, originalPath, parseQuery, referencePath, resizePath, store } from "./state.js";
import { Tools } from "./tools.js";
import { Viewer } from "./viewer.js";

const RENDER_MS = 150;
const tabs = [...document.querySelectorAll("[role=tab]")];

let viewer;
let tools;
let library;
let shown; // result
let original; // facts about the source of the result
let running = new AbortController();
let runningBefore = new AbortController();

async function start() {
	declare((await loadConfig()).parameters);
	viewer = new Viewer();
	tools = new Tools(viewer, store, sidesForCrop);
	library = new Library((source) => store.choose(source), fail);
	buildForm(config, { crop: () => tools.use("crop", true), gravity: () => tools.use("focus", true) });
	viewer.onlayout = () => tools.show();
	viewer.onview = tools.onuse = loadBefore;
	listen();
	listenPresets(config);
	store.onchange = changed;
	store.onhistory = (canUndo, canRedo) => {
		$("undo").disabled = !canUndo;
		$("redo").disabled = !canRedo;
	};
	if (location.hash.length > 1) store.replace(parseQuery(location.hash.slice(1)), false);
	const first = await library.load().catch(fail);
	if (!store.get("url") && first) store.choose(first);
	if (!store.values.size) changed(store.values);
	store.commit();
}

function changed(values) {
	const url = values.get("url");
	clearErrors();
	showValues(values);
	library.select(url);
	tools.show();
	$("empty").hidden = url;
	$("grammar").value = "";
	showUrl(absolute(resizePath(values)));
	busy(url);
	render();
}

function busy(isBusy) {
	$("busy").hidden = !isBusy;
	$("stage").setAttribute("aria-busy", Boolean(isBusy));
}

function showUrl(url) {
	if (document.activeElement !== $("url") || !$("url").dataset.typed) $("url").value = url;
	mark($("url"), $("url-error"), "");
	$("open").href = url;
}

/** Request the result; the request before is given up. */
const render = debounce(async () => {
	running.abort();
	const { signal } = (running = new AbortController());
	const values = store.values;
	const path = resizePath(values);
	if (!values.has("url")) return;
	loadFacts(values);
	try {
		const result = await fetchImage(path, signal, "no-store");
		const note = await showImage(result.blob, values, signal);
		if (!signal.aborted) finish({ ...result, values, path }, note);
	} catch (error) {
		if (!signal.aborted) fail(error);
	}
}, RENDER_MS);

/** Show a result; as PNG if this browser cannot show its format. Returns a note about it. */
async function showImage(blob, values, signal) {
	if (!/^(image|video)/.test(blob.type)) {
		viewer.after.replace(h("pre", { tabindex: 0 }, (await blob.text()).slice(0, 9999)));
		return "";
	}
	try {
		await viewer.after.show(blob, "Result");
		return "";
	} catch {
		const shown = await fetchImage(resizePath(new Map([...values, ["format", "png"]])), signal);
		await viewer.after.show(shown.blob, "Result, as PNG");
		return `Shown as PNG: this browser cannot show ${blob.type}.`;
	}
}

function finish({ blob, url, path, ...rest }, note) {
	const { width, height } = viewer.after;
	shown = { ...rest, path, url: absolute(url), isSigned: url !== path, bytes: blob.size, type: blob.type, width, height };
	busy(false);
	viewer.stage.classList.remove("stale");
	viewer.alert(note, "");
	viewer.layout();
	showUrl(shown.url);
	showFacts(shown, original);
	showPanel();
	loadBefore();
}

async function loadFacts(values) {
	const source = values.get("url");
	if (original?.source === source) return;
	original = null;
	const version = values.has("v") ? `&v=${escapeValue(values.get("v"))}` : "";
	const found = await fetchJson(`/info?url=${escapeValue(source)}${version}`).catch(() => null);
	if (!found || store.get("url") !== source) return;
	original = { ...found, source };
	if (shown?.values.get("url") !== source) return;
	showFacts(shown, original);
	loadBefore();
}

/** The sides of the original as a crop counts them: turned; unknown for drawings and after a trim. */
function sidesForCrop() {
	const { width, height } = viewer.before;
	if (!original || !width || store.get("trim") || /svg|pdf/.test(original.format)) return null;
	const isTurned = original.width > original.height !== width > height;
	return isTurned ? [original.height, original.width] : [original.width, original.height];
}

async function loadBefore() {
	if (viewer.view === "result" || !shown || shown.values.get("url") !== store.get("url")) return;
	const path = viewer.view === "split" ? referencePath(shown.values, original) : originalPath(shown.values, original, tools.active === "focus");
	if (viewer.before.path === path) return;
	runningBefore.abort();
	const { signal } = (runningBefore = new AbortController());
	try {
		const { blob } = await fetchImage(path, signal);
		await viewer.before.show(blob, "Original", path);
	} catch {
		if (signal.aborted) return;
		viewer.before.replace();
	}
	viewer.layout();
}

/** Show an error at the field that it names, or else over the image. */
function fail(error) {
	const { message, param, code = "", status = "" } = error instanceof Problem ? error : { message: `The server does not answer. (${error.message})`, code: "no_answer" };
	const name = param ? nameOf(param) : /^(source|address)_/.test(code) ? "url" : "";
	busy(false);
	viewer.stage.classList.add("stale");
	const isShown = name && showError(name, message);
	viewer.alert(isShown ? "" : message, `${status} ${code}`);
	if (isShown) announce(message);
}

function showPanel() {
	if (!shown) return;
	if (!$("pane-code").hidden) showCode(shown);
	if (!$("pane-grammars").hidden) grammars().then(showGrammars, fail);
}

const grammars = async () => (await convert(resizePath(store.values))).dialects ?? [];

async function chooseGrammar() {
	const name = $("grammar").value;
	if (!name) return showUrl(shown?.url ?? absolute(resizePath(store.values)));
	const found = (await grammars().catch(fail))?.find((one) => one.name === name);
	if (found?.url) return showUrl(absolute(found.url));
	$("grammar").value = "";
	mark($("url"), $("url-error"), `${found?.title ?? name} cannot say this. ${found?.reason ?? ""}`);
}

async function readUrl() {
	const text = $("url").value.trim();
	delete $("url").dataset.typed;
	if (!text || text === shown?.url) return;
	try {
		const { problem, fields } = await convert(text);
		if (problem && !fields.length) throw new Problem(problem);
		const values = parseQuery(new URLSearchParams(fields));
		store.replace(values);
		showUrl(absolute(resizePath(values)));
	} catch (error) {
		mark($("url"), $("url-error"), error.message);
	}
}

function listen() {
	on("url", "input", () => ($("url").dataset.typed = "true"));
	on("url", "change", readUrl);
	onEnter("url", readUrl);
	on("url", "paste", () => setTimeout(readUrl));
	on("copy-url", "click", () => copy($("url").value, $("copy-url")));
	on("undo", "click", () => store.undo());
	on("redo", "click", () => store.redo());
	on("reset", "click", () => store.reset());
	on("search", "input", () => search($("search").value));
	onEnter("search", goToFirst);
	on("grammar", "change", chooseGrammar);
	$("grammar").append(...config.dialects.filter(({ name }) => name !== "native").map(({ name, title }) => h("option", { value: name }, title)));
	on("skip", "click", () => $("search").focus());
	addEventListener("popstate", () => store.follow());
	addEventListener("keydown", shortcut);
	for (const tab of tabs) {
		tab.addEventListener("click", () => openTab(tab));
		tab.addEventListener("keydown", (event) => openTab(rove(event, tabs, tab)));
	}
}

function openTab(chosen) {
	if (!chosen) return;
	for (const tab of tabs) {
		tab.setAttribute("aria-selected", tab === chosen);
		tab.tabIndex = tab === chosen ? 0 : -1;
		$(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
	}
	chosen.focus();
	showPanel();
}

function shortcut(event) {
	if (event.target.matches?.("input:not([type=range],[type=checkbox],[type=radio]),textarea")) return;
	const isCommand = event.ctrlKey || event.metaKey;
	if (isCommand && event.key.toLowerCase() === "z") store[event.shiftKey ? "redo" : "undo"]();
	else if (event.key === "/" && !isCommand) {
		openTab(tabs[0]);
		$("search").focus();
	} else return;
	event.preventDefault();
}

start().catch((error) => {
	$("alert").textContent = `The playground did not start: ${error.message}`;
	$("alert").hidden = false;
});
