// Sends GetUser in a loop: `node loop.mjs URL REQUESTS CONCURRENCY`, in a folder with the installed SDK. Prints
// the requests per second.
import { createRequire } from "node:module";
import { join } from "node:path";

const { IAMClient, GetUserCommand } = createRequire(join(process.cwd(), "here.js"))("@aws-sdk/client-iam");
const [url, requests, concurrency] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const client = new IAMClient({
  endpoint: url,
  region: "us-east-1",
  credentials: {
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  },
});
const send = async (times) => {
  for (let done = 0; done < times; done += 1) {
    await client.send(new GetUserCommand({ UserName: "alice" }));
  }
};
await send(50);
const start = process.hrtime.bigint();
await Promise.all(Array.from({ length: concurrency }, () => send(Math.floor(requests / concurrency))));
console.log((requests / (Number(process.hrtime.bigint() - start) / 1e9)).toFixed(0));
