// Starts the reference endpoint for the tests of this file, and stops it at the end.
import assert from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";

let server, endpoint;

before(async () => {
  server = spawn("iamspec", ["serve", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  // The first line is the URL. The server responds from then on.
  endpoint = String(await once(server.stdout, "data")).trim();
});

after(async () => {
  server.kill();
  await once(server, "exit");
});

test("a user is created once", async () => {
  for (const expected of [200, 409]) {
    const body = new URLSearchParams({ Action: "CreateUser", Version: "2010-05-08", UserName: "alice" });
    assert.strictEqual((await fetch(endpoint, { method: "POST", body })).status, expected);
  }
});
