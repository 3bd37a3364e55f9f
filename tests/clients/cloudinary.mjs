// Makes a URL of url-gen for each request: [program, public id].
import { Cloudinary } from "@cloudinary/url-gen";
import * as adjust from "@cloudinary/url-gen/actions/adjust";
import * as border from "@cloudinary/url-gen/actions/border";
import * as delivery from "@cloudinary/url-gen/actions/delivery";
import * as effect from "@cloudinary/url-gen/actions/effect";
import * as namedTransformation from "@cloudinary/url-gen/actions/namedTransformation";
import * as overlay from "@cloudinary/url-gen/actions/overlay";
import * as resize from "@cloudinary/url-gen/actions/resize";
import * as rotate from "@cloudinary/url-gen/actions/rotate";
import * as roundCorners from "@cloudinary/url-gen/actions/roundCorners";
import { color } from "@cloudinary/url-gen/qualifiers/background";
import { compass, autoGravity, focusOn } from "@cloudinary/url-gen/qualifiers/gravity";
import { face } from "@cloudinary/url-gen/qualifiers/focusOn";
import { Position } from "@cloudinary/url-gen/qualifiers/position";
import { TextStyle } from "@cloudinary/url-gen/qualifiers/textStyle";
import * as sources from "@cloudinary/url-gen/qualifiers/source";
import { Transformation } from "@cloudinary/url-gen/transformation/Transformation";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);

const place = (where, x, y) => new Position().gravity(compass(where)).offsetX(x).offsetY(y);
const programs = {
  fill: (image) => image.resize(resize.fill().width(300).height(200).gravity(compass("north_east"))),
  automatic: (image) => image.resize(resize.fill(300, 300).gravity(autoGravity())).delivery(delivery.quality("auto")),
  face: (image) => image.resize(resize.thumbnail(100, 100).gravity(focusOn(face()))),
  ratio: (image) => image.resize(resize.fill().width(300).aspectRatio("1.5")),
  limit: (image) => image.resize(resize.limitFit().width(960)).delivery(delivery.format("auto")),
  pad: (image) => image.resize(resize.pad(300, 300).background(color("blue"))),
  minimum: (image) => image.resize(resize.minimumPad(300, 300)),
  crop: (image) => image.resize(resize.crop(300, 200).x(100).y(100)),
  share: (image) => image.resize(resize.scale(0.5)),
  rotated: (image) => image.rotate(rotate.byAngle(90)).resize(resize.scale().width(200)),
  mirrored: (image) => image.rotate(rotate.mode("hflip")),
  round: (image) => image.resize(resize.fill(100, 100)).roundCorners(roundCorners.max()).delivery(delivery.format("png")),
  corners: (image) => image.roundCorners(roundCorners.byRadius(20, 40)).border(border.solid(4, "red")),
  effects: (image) => image.effect(effect.grayscale()).effect(effect.blur(300)).effect(effect.pixelate(5)),
  adjusted: (image) =>
    image
      .adjust(adjust.brightness(20))
      .adjust(adjust.contrast(10))
      .adjust(adjust.saturation(-20))
      .adjust(adjust.hue(30))
      .adjust(adjust.gamma(20))
      .adjust(adjust.vibrance(20))
      .adjust(adjust.sharpen(100))
      .adjust(adjust.unsharpMask(50))
      .adjust(adjust.opacity(50)),
  layer: (image) =>
    image.overlay(
      overlay.source(
        sources.image("W").transformation(new Transformation().resize(resize.scale().width(100))),
      ).position(place("north_west", 10, 10)),
    ),
  text: (image) =>
    image.overlay(
      overlay
        .source(sources.text("Hello, you: 50% / 2", new TextStyle("Arial", 60).fontWeight("bold")).textColor("blue"))
        .position(place("south", 0, 20)),
    ),
  named: (image) => image.namedTransformation(namedTransformation.name("thumb")),
  dpr: (image) => image.resize(resize.scale().width(300)).delivery(delivery.dpr("2.0")),
};
const cloudinary = new Cloudinary({ cloud: { cloudName: "demo" } });
const urls = JSON.parse(Buffer.concat(chunks).toString()).map(([program, id]) =>
  programs[program](cloudinary.image(id)).toURL(),
);
process.stdout.write(JSON.stringify(urls));
