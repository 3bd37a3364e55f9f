// Lets the search run in pages that are opened as files: there a browser starts a worker from a blob, not from a file.
// The theme loads a polyfill of this name from another host unless there is one here.
if (location.protocol === "file:") {
  const code = new URL("search-worker.js", document.currentScript.src);
  document.write(`<script src="${code}"><\/script>`);
  const Native = window.Worker;
  window.Worker = class extends Native {
    constructor() {
      super(URL.createObjectURL(new Blob([window.searchWorker], { type: "text/javascript" })));
    }
  };
}
