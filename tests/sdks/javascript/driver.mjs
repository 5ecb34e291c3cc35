// A driver for the AWS SDK for JavaScript, version 3. The protocol is in docs/guide/drivers.md. The driver
// does not change the behavior of the SDK.

import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import * as iam from "@aws-sdk/client-iam";

const version = createRequire(import.meta.url)("@aws-sdk/client-iam/package.json").version;

/** Converts a result to JSON: dates in UTC, blobs in base64. */
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

/** The result of a paginator or waiter of the SDK. */
async function through(sender, message, abortSignal) {
  if (message.through === "waiter") {
    const maxWaitTime = message.deadline_ms / 1000;
    await iam.waitUntilUserExists({ client: sender, maxWaitTime, abortSignal }, message.params);
    return {};
  }
  const { MaxItems: pageSize, ...params } = message.params;
  const joined = {};
  for await (const page of iam[`paginate${message.op}`]({ client: sender, pageSize }, params)) {
    abortSignal.throwIfAborted();
    for (const [name, it] of Object.entries(page)) {
      if (Array.isArray(it)) joined[name] = [...(joined[name] ?? []), ...it];
    }
  }
  return joined;
}

async function call(sender, message) {
  const Command = iam[`${message.op}Command`];
  if (Command === undefined) {
    return { unsupported: { reason: `the SDK has no ${message.op}Command` } };
  }
  try {
    const abortSignal = AbortSignal.timeout(message.deadline_ms);
    if (message.through !== undefined) {
      return { ok: { result: plain(await through(sender, message, abortSignal)) } };
    }
    const { $metadata, ...result } = await sender.send(new Command(message.params), { abortSignal });
    return { ok: { result: plain(result) } };
  } catch (error) {
    return failed(error);
  }
}

const send = (reply) => process.stdout.write(`${JSON.stringify(reply)}\n`);
let sender;
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.type === "hello") {
    send({
      type: "hello",
      protocol: 1,
      driver: "iamspec-javascript",
      sdk: "@aws-sdk/client-iam",
      version,
      language: `Node.js ${process.version}`,
      ops: [],
      through: ["paginator", "waiter"],
    });
  } else if (message.type === "session") {
    sender = client(message);
    send({ type: "session" });
  } else if (message.type === "call") {
    call(sender, message).then((outcome) => send({ type: "answer", seq: message.seq, outcome }));
  } else {
    process.exit(0);
  }
}
