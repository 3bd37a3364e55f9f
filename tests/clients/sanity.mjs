// Makes a URL of Sanity's own library for each request: {source, calls}, where calls are names of methods and arguments.
import { createImageUrlBuilder } from "@sanity/image-url";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);

const make = ({ source, calls }) => {
  const builder = createImageUrlBuilder({ projectId: "p1", dataset: "production", baseUrl: "https://img.test" });
  return calls.reduce((image, [name, ...values]) => image[name](...values), builder.image(source)).url();
};
const requests = JSON.parse(Buffer.concat(chunks).toString());
process.stdout.write(JSON.stringify(requests.map(make)));
