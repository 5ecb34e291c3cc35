// Asks for one user again and again: `node loop.mjs URL REQUESTS AT_ONCE`, from a folder where the SDK is
// installed. Prints requests a second.
import { createRequire } from "node:module";
import { join } from "node:path";

const { IAMClient, GetUserCommand } = createRequire(join(process.cwd(), "here.js"))("@aws-sdk/client-iam");
const [url, requests, atOnce] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const client = new IAMClient({
  endpoint: url,
  region: "us-east-1",
  credentials: {
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  },
});
const ask = async (times) => {
  for (let done = 0; done < times; done += 1) {
    await client.send(new GetUserCommand({ UserName: "alice" }));
  }
};
await ask(50);
const begun = process.hrtime.bigint();
await Promise.all(Array.from({ length: atOnce }, () => ask(Math.floor(requests / atOnce))));
console.log((requests / (Number(process.hrtime.bigint() - begun) / 1e9)).toFixed(0));
