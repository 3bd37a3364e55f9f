// next/image with signed URLs, for server components: next/image chooses the candidates, the server signs them.
import { getImageProps } from "next/image.js";
import { createElement } from "react";
import { createClient } from "./client.js";
import { isInline } from "./source.js";

/** Returns an async component with the attributes of next/image. */
export function createSignedImage(options) {
  const imageProps = createSignedImageProps(options);
  return async function SignedImage(attributes) {
    return createElement("img", await imageProps(attributes));
  };
}

/** Returns a function from the attributes of next/image to those of `<img>`. */
export function createSignedImageProps(options) {
  const client = createClient(options);
  return async function signedImageProps({ parameters, ...attributes }) {
    const wanted = [];
    const loader = ({ src, width, quality }) => {
      if (isInline(src)) return src;
      wanted.push([src, { ...parameters, width, quality: quality ?? parameters?.quality }]);
      return `pixmill:${wanted.length - 1}`;
    };
    const { props } = getImageProps({ ...attributes, loader });
    const signed = await Promise.all(wanted.map(([src, given]) => client.signedUrl(src, given)));
    const write = (text) => text?.replace(/pixmill:(\d+)/g, (_, index) => signed[index]);
    return { ...props, src: write(props.src), srcSet: write(props.srcSet) };
  };
}
