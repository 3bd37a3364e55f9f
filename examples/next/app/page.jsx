import Image from "next/image";
import mill from "./mill.png";
import { Picture } from "./picture";

export default function Page() {
  return (
    <main>
      <h1>Pixmill with Next.js</h1>

      <h2>An image of the server</h2>
      <Image src="fig.jpg" alt="fixed" width={300} height={203} />

      <h2>As wide as the page</h2>
      <div style={{ position: "relative", height: 300 }}>
        <Image src="sunset.jpg" alt="filled" fill sizes="(min-width: 800px) 800px, 100vw" style={{ objectFit: "cover" }} />
      </div>

      <h2>Imported into the application</h2>
      <Image src={mill} alt="imported" width={200} />

      <h2>A picture element</h2>
      <Picture
        src="umang.jpg"
        alt="picture"
        width={400}
        height={300}
        placeholder="#808080"
        parameters={{ grayscale: true, gravity: "smart" }}
      />
    </main>
  );
}
