// Starts the reference endpoint for the tests of this file, and stops it at the end.
import assert from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { CreateUserCommand, IAMClient } from "@aws-sdk/client-iam";

let server, iam;

before(async () => {
  server = spawn("iamspec", ["serve", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  // The first line is the URL. The server responds from then on.
  const endpoint = String(await once(server.stdout, "data")).trim();
  const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" };
  iam = new IAMClient({ endpoint, region: "us-east-1", credentials });
});

after(async () => {
  iam.destroy();
  server.kill();
  await once(server, "exit");
});

test("a user is created once", async () => {
  const create = new CreateUserCommand({ UserName: "alice" });
  assert.strictEqual((await iam.send(create)).User.UserName, "alice");
  await assert.rejects(iam.send(create), { name: "EntityAlreadyExistsException" });
});
