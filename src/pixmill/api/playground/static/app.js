const list = document.querySelector("#images");
const { images } = await (await fetch("playground/images.json")).json();
for (const { source, name } of images) {
  const image = Object.assign(new Image(), { alt: name, loading: "lazy" });
  image.src = `resize?${new URLSearchParams({ url: source, width: 300 })}`;
  list.append(document.createElement("li"));
  list.lastChild.append(image);
}
