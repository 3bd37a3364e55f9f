import { PixmillError } from "./errors.js";

throw new PixmillError("key_in_browser", "pixmill/next/server signs, and so belongs into server components only");
