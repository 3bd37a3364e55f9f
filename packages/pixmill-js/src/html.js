// A picture as HTML, for templates without React.
const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const NAMES = { className: "class", srcSet: "srcset", fetchPriority: "fetchpriority" };

/** Returns a `<picture>` element. */
export function pictureHtml({ sources, img }) {
  const all = sources.map((source) => `<source${attributes(source)}>`);
  return `<picture>${all.join("")}<img${attributes(img)}></picture>`;
}

function attributes(values) {
  return Object.entries(values)
    .map(([name, value]) => ` ${NAMES[name] ?? name}="${String(value).replace(/[&<>"']/g, (letter) => ESCAPES[letter])}"`)
    .join("");
}
