// Makes URLs of ImageKit's own libraries for each request: {src, endpoint, transformation, position, query}; with a key
// signed ones by the library for Node, and with {responsive} all candidates of an image.
import ImageKit from "@imagekit/nodejs";
import { buildSrc, getResponsiveImageAttributes } from "@imagekit/javascript";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);

const make = ({ src, endpoint, transformation, position, query, key, expiresIn, responsive }) => {
  const options = {
    src,
    urlEndpoint: endpoint,
    transformation,
    transformationPosition: position,
    queryParameters: query,
  };
  if (key) return [new ImageKit({ privateKey: key }).helper.buildSrc({ ...options, signed: true, expiresIn })];
  if (!responsive) return [buildSrc(options)];
  const { src: fallback, srcSet } = getResponsiveImageAttributes({ ...options, ...responsive });
  return [fallback, ...srcSet.split(", ").map((candidate) => candidate.split(" ")[0])];
};
const requests = JSON.parse(Buffer.concat(chunks).toString());
process.stdout.write(JSON.stringify(requests.map(make)));
