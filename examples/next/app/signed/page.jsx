import { connection } from "next/server";

// With IMAGES_URL and IMAGES_KEY, which stays on the server: each request of this page signs its URLs.
export default async function Page() {
  await connection();
  const { SignedImage } = await import("./signed-image");
  return (
    <main>
      <h1>Signed URLs</h1>
      <SignedImage src="fig.jpg" alt="signed" width={300} height={203} parameters={{ blur: 1 }} />
    </main>
  );
}
