// What must be refused: each line below a directive is an error.
import { createClient, PixmillError } from "pixmill";
import { createLoader } from "pixmill/next";
import { createSignedImage } from "pixmill/next/server";
import { createPicture } from "pixmill/react";
import { generate } from "pixmill/unpic";

const client = createClient({ base: "" });

// @ts-expect-error there is no such fit
client.url("a.jpg", { fit: "covers" });
// @ts-expect-error names are in snake case
client.url("a.jpg", { maxWidth: 3 });
// @ts-expect-error a width is a number
client.url("a.jpg", { width: "wide" });
// @ts-expect-error there is no such format
client.url("a.jpg", { format: "webpp" });
// @ts-expect-error a flag
client.url("a.jpg", { grayscale: "yes" });
// @ts-expect-error there are eight orientations
client.url("a.jpg", { orientation: 9 });
// @ts-expect-error a source is a text or a URL
client.url(42);
// @ts-expect-error an argument of its own
client.url("a.jpg", { expires: 3 });
// @ts-expect-error a picture has formats
client.picture("a.jpg", { format: "webp" });
// @ts-expect-error widths are numbers
client.srcset("a.jpg", { widths: ["300"] });
// @ts-expect-error a base is needed
createClient({});
// @ts-expect-error a loader has no key
createLoader({ base: "", key: "a-secret-of-16-chars-or-more" });
// @ts-expect-error signing needs a key
createSignedImage({ base: "" });
// @ts-expect-error there is no such code
new PixmillError("no_such_code", "");
// @ts-expect-error there is no such gravity of numbers
generate("a.jpg", { fit: 3 });

const Picture = createPicture({ base: "" });
// @ts-expect-error alt is needed
export const image = <Picture src="a.jpg" />;
