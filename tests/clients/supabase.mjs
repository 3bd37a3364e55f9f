// Makes a public URL of Supabase's own library for each request: {path, options}.
import { StorageClient } from "@supabase/storage-js";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);

const bucket = new StorageClient("https://project.test/storage/v1", {}).from("b");
const urls = JSON.parse(Buffer.concat(chunks).toString()).map(
  ({ path, options }) => bucket.getPublicUrl(path, options).data.publicUrl,
);
process.stdout.write(JSON.stringify(urls));
