// Makes URLs of imgix's own library for each request: {path, params, options, token, srcset}; a list of them for srcset.
import ImgixClient from "@imgix/js-core";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);

const make = ({ path, params, options, token, srcset }) => {
  const client = new ImgixClient({ domain: "img.test", secureURLToken: token });
  if (!srcset) return [client.buildURL(path, params, options)];
  return client.buildSrcSet(path, params, options).split(",\n").map((line) => line.split(" ")[0]);
};
const requests = JSON.parse(Buffer.concat(chunks).toString());
process.stdout.write(JSON.stringify(requests.map(make)));
