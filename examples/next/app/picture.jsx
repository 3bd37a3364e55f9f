import { createPicture } from "pixmill/react";

export const Picture = createPicture({ base: process.env.NEXT_PUBLIC_IMAGES_URL });
