export { createClient } from "./client.js";
export { PixmillError } from "./errors.js";
export { pictureHtml } from "./html.js";
export { sign } from "./signing.js";
