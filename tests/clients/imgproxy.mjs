// Makes a URL of imgproxy's own libraries for each request: {library, url, options, ...}.
import { generateImageInfoUrl, generateUrl } from "@imgproxy/imgproxy-js-core";
import { generateImageUrl } from "@imgproxy/imgproxy-node";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);

const make = {
  core: ({ url, options, config }) => generateUrl(url, options, config),
  info: ({ url, options, config }) => generateImageInfoUrl(url, options, config),
  node: ({ url, options, ...keys }) => generateImageUrl({ endpoint: "https://img.test", url, options, ...keys }),
};
const requests = JSON.parse(Buffer.concat(chunks).toString());
const urls = requests.map(({ library, ...request }) => {
  try {
    return make[library](request);
  } catch (error) {
    throw new Error(`${JSON.stringify(request)}: ${error.message}`);
  }
});
process.stdout.write(JSON.stringify(urls));
