// Drives the AWS SDK for JavaScript, version 3: the protocol is in harness/drivers.md. Nothing here
// repairs what the SDK does.

import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import * as iam from "@aws-sdk/client-iam";

const version = createRequire(import.meta.url)("@aws-sdk/client-iam/package.json").version;

/** A result as JSON: dates in UTC, blobs in base 64. */
function plain(value) {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, plain(it)]));
  }
  return value;
}

function client(session) {
  return new iam.IAMClient({
    endpoint: session.endpoint,
    region: session.region,
    credentials: {
      accessKeyId: session.access_key_id,
      secretAccessKey: session.secret_access_key,
      sessionToken: session.session_token,
    },
  });
}

const TRANSPORT = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "ENOTFOUND", "EAI_AGAIN"];

function failed(error) {
  const detail = `${error.name}: ${error.message}`.split(/\s+/).join(" ");
  if (error instanceof iam.IAMServiceException) {
    return {
      aws_error: {
        http_status: error.$metadata?.httpStatusCode,
        code: error.Code ?? error.Error?.Code ?? error.name,
        message: error.message,
        exception: error.name,
      },
    };
  }
  if (error.name === "AbortError" || error.name === "TimeoutError") {
    return { sdk_error: { kind: "timeout", detail } };
  }
  if (TRANSPORT.includes(error.code)) return { sdk_error: { kind: "transport", detail } };
  const sent = error.$response !== undefined || error.$metadata?.attempts > 0;
  const http_status = error.$response?.statusCode ?? error.$metadata?.httpStatusCode;
  return { sdk_error: { kind: sent ? "parse" : "validation", detail, http_status } };
}

/** What its own paginator or waiter comes to. */
async function through(sender, asked, abortSignal) {
  if (asked.through === "waiter") {
    const maxWaitTime = asked.deadline_ms / 1000;
    await iam.waitUntilUserExists({ client: sender, maxWaitTime, abortSignal }, asked.params);
    return {};
  }
  const { MaxItems: pageSize, ...params } = asked.params;
  const joined = {};
  for await (const page of iam[`paginate${asked.op}`]({ client: sender, pageSize }, params)) {
    abortSignal.throwIfAborted();
    for (const [name, it] of Object.entries(page)) {
      if (Array.isArray(it)) joined[name] = [...(joined[name] ?? []), ...it];
    }
  }
  return joined;
}

async function call(sender, asked) {
  const Command = iam[`${asked.op}Command`];
  if (Command === undefined) {
    return { unsupported: { reason: `there is no ${asked.op}Command` } };
  }
  try {
    const abortSignal = AbortSignal.timeout(asked.deadline_ms);
    if (asked.through !== undefined) {
      return { ok: { result: plain(await through(sender, asked, abortSignal)) } };
    }
    const { $metadata, ...result } = await sender.send(new Command(asked.params), { abortSignal });
    return { ok: { result: plain(result) } };
  } catch (error) {
    return failed(error);
  }
}

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
let sender;
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (asked.type === "hello") {
    say({
      type: "hello",
      protocol: 1,
      driver: "iamspec-javascript",
      sdk: "@aws-sdk/client-iam",
      version,
      language: `Node.js ${process.version}`,
      ops: [],
      through: ["paginator", "waiter"],
    });
  } else if (asked.type === "session") {
    sender = client(asked);
    say({ type: "session" });
  } else if (asked.type === "call") {
    const with_ = sender;
    call(with_, asked).then((outcome) => say({ type: "answer", seq: asked.seq, outcome }));
  } else {
    process.exit(0);
  }
}
