/** Who may do what over the network, and that nobody learns a secret from a message. */
import { readFileSync } from "node:fs";
import { connect as connectTls } from "node:tls";
import { inspect } from "node:util";
import { type CreateStreamOptions, createStream, type OpenStreamOptions, openStream } from "edgestream";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { addressOf, closeStreams, created, frame, opened, postFilled, refusedBy } from "../net/streams.ts";
import { type Certificates, makeCertificates } from "../programs/certificates.ts";
import { endChildren, until, within } from "../programs/child.ts";
import { childSource } from "../programs/remote-source.ts";

const secrets = { read: "read-5ecret", publish: "publish-5ecret", other: "other-5ecret", observe: "observe-5ecret" };
const tokens = { read: [secrets.read, secrets.other], publish: secrets.publish, observe: secrets.observe };

afterEach(async () => {
  await closeStreams();
  await endChildren();
});

/** Everything that a log could show of it, causes included. */
const everythingOf = (thing: unknown): string => inspect(thing, { depth: 10, showHidden: true });

async function errorOf(work: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await within("an answer", work, 10_000);
  } catch (error) {
    expect(everythingOf(error)).not.toMatch(/5ecret/i);
    return error as Error & { code?: string };
  }
  throw new Error("it was allowed");
}

const tls = makeCertificates();

describe.each(["tcp", "ws", "wss"])("tokens over %s", (carrier) => {
  const server = { tls: tls.listener };
  const client = { tls: { ca: tls.authority } };
  const options = { name: "safe", tokens, listen: [`${carrier}://127.0.0.1:0`], ...server };

  test("each right has its own, and a right that is missing is refused with a sentence", async () => {
    const stream = await created(options);
    const refused = refusedBy(stream);
    const address = addressOf(stream);
    const without = await errorOf(openStream(address, client));
    expect(without).toMatchObject({ code: "ERR_BAD_ACCESS", message: expect.stringContaining("a token is needed") });
    const wrong = await errorOf(openStream(address, { ...client, token: "wrong-5ecret" }));
    expect(wrong).toMatchObject({ code: "ERR_BAD_ACCESS", message: expect.stringContaining("does not allow") });
    const nearly = await errorOf(openStream(address, { ...client, token: `${secrets.read}x` }));
    expect(nearly.code).toBe("ERR_BAD_ACCESS");

    const observer = await opened(address, { ...client, token: secrets.observe });
    expect(await observer.info()).toMatchObject({ name: "safe" });
    expect((await errorOf(observer.connectConsumer())).code).toBe("ERR_BAD_ACCESS");
    expect((await errorOf(observer.connectProducer({ frame }))).code).toBe("ERR_BAD_ACCESS");

    const reader = await opened(address, { ...client, token: secrets.other });
    expect((await errorOf(reader.connectProducer({ frame }))).code).toBe("ERR_BAD_ACCESS");
    const consumer = await reader.connectConsumer({ mode: "fifo" });

    const publisher = await opened(address, { ...client, token: secrets.publish });
    expect((await errorOf(publisher.connectConsumer())).code).toBe("ERR_BAD_ACCESS");
    const producer = await publisher.connectProducer({ frame });
    await until("the reader is seated", () => consumer.state === "empty");
    await postFilled(producer, 3);
    const got = await consumer.acquire({ timeoutMs: 5000 });
    expect(got.data[0]).toBe(3);

    expect(refused.length).toBeGreaterThanOrEqual(7);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(["ERR_BAD_ACCESS"]));
    expect(everythingOf(refused)).not.toMatch(/5ecret/);
  });
});

test("the token comes from the environment where the option is missing", async () => {
  const stream = await created({ name: "safe", tokens, listen: ["tcp://127.0.0.1:0"] });
  await stream.connectProducer();
  process.env["EDGESTREAM_TOKEN"] = secrets.read;
  try {
    const remote = await opened(addressOf(stream));
    expect((await remote.connectConsumer()).state).toBe("empty");
  } finally {
    delete process.env["EDGESTREAM_TOKEN"];
  }
});

test("with tokens, a right that has none is nobody's", async () => {
  const stream = await created({ name: "safe", tokens: { read: secrets.read }, listen: ["tcp://127.0.0.1:0"] });
  const remote = await opened(addressOf(stream), { token: secrets.read });
  expect((await errorOf(remote.connectProducer({ frame }))).code).toBe("ERR_BAD_ACCESS");
});

test.each([
  "tcp://someone:5ecret@127.0.0.1:1/cam1",
  "tcp://5ecret@127.0.0.1:1/cam1",
  "tcp://5ecret@[::1]:1/cam1",
  "tcp://5ecret@127.0.0.1:no-port/cam1",
  "TCP://5ecret@127.0.0.1/cam1",
  "ws://127.0.0.1:1/cam1?token=5ecret",
  "tls://127.0.0.1:1/cam1#5ecret",
  "tcp://a b@5ecret@127.0.0.1:1/cam1?5ecret",
])("a secret in an address is refused, and not shown: %#", async (address) => {
  expect(await errorOf(openStream(address))).toMatchObject({ code: "ERR_BAD_PARAMETER" });
  const listen = [address.replace("/cam1", "")];
  expect(await errorOf(createStream({ name: "x", frame, listen }))).toMatchObject({ code: "ERR_BAD_PARAMETER" });
});

test.each<[string, unknown]>([
  ["a right of another name", { tokens: { reed: "5ecret" } }],
  ["too long", { tokens: { read: `5ecret${"x".repeat(600)}` } }],
  ["no text", { tokens: { read: { value: "5ecret" } } }],
  ["a list with something else", { tokens: { publish: ["5ecret", 5] } }],
  ["no object", { tokens: "5ecret" }],
  ["a key that is none", { tls: { cert: "5ecret", key: "5ecret" }, listen: ["tls://127.0.0.1:0"] }],
])("options with secrets that are wrong do not show them: %s", async (_what, options) => {
  const error = await errorOf(createStream({ name: "x", frame, ...(options as CreateStreamOptions) }));
  expect(error.code).toBe("ERR_BAD_PARAMETER");
});

test.each<[string, unknown]>([
  ["too long", { token: `5ecret${"x".repeat(600)}` }],
  ["no text", { token: ["5ecret"] }],
  ["a key that is none", { tls: { cert: "5ecret", key: "5ecret" } }],
])("a token or key of the other end that is wrong is not shown: %s", async (_what, options) => {
  await errorOf(openStream("tls://127.0.0.1:1/x", { timeoutMs: 0, ...(options as OpenStreamOptions) }));
});

describe("what a process shows", () => {
  test("no secret is in its title, its arguments or its warnings", async () => {
    const source = await childSource();
    await source.create({ name: "safe", frame, tokens, listen: ["tcp://0.0.0.0:0"] });
    const [address = ""] = await source.addresses();
    const other = await childSource();
    await other.open(address.replace("0.0.0.0", "127.0.0.1"), { token: secrets.publish });
    await other.connect({ frame });
    await expect(source.open(address.replace("0.0.0.0", "127.0.0.1"), { token: "wrong-5ecret" })).rejects.toThrow();
    for (const { child } of [source, other]) {
      for (const file of ["cmdline", "comm", "environ"]) {
        expect(readFileSync(`/proc/${child.pid}/${file}`, "utf8")).not.toMatch(/5ecret/);
      }
      expect(child.stderr).not.toMatch(/5ecret/);
      expect(child.stderr).not.toContain("EDGESTREAM_OPEN_PORT");
    }
    expect(everythingOf(await source.events())).not.toMatch(/5ecret/);
  });

  test.each(["0.0.0.0", "[::]"])("a port on %s without tokens is warned of, once", async (host) => {
    const source = await childSource();
    await source.create({ name: "open", frame, listen: [`tcp://${host}:0`, `ws://${host}:0`] });
    await until("the warning", () => source.child.stderr.includes("EDGESTREAM_OPEN_PORT"));
    expect(source.child.stderr.match(/EDGESTREAM_OPEN_PORT/g)).toHaveLength(1);
    expect(source.child.stderr).toContain(`tcp://${host}:0 is open to everybody who reaches it`);
  });

  test("nor is a port on loopback warned of", async () => {
    const source = await childSource();
    await source.create({ name: "open", frame, listen: ["tcp://127.0.0.1:0", "tcp://[::1]:0", "ws://localhost:0"] });
    await source.connect();
    expect(source.child.stderr).toBe("");
  });
});

describe("TLS", () => {
  const listen = ["tls://127.0.0.1:0", "wss://127.0.0.1:0"];
  const serverOf = ({ listener, authority }: Certificates, mutual: boolean) => ({
    tls: { ...listener, ...(mutual ? { ca: authority, requestCert: true } : {}) },
  });

  test("a certificate that nobody vouches for is refused by who dials", async () => {
    const stream = await created({ name: "tls", listen, ...serverOf(tls, false) });
    for (const address of stream.addresses) {
      expect((await errorOf(openStream(address))).code).toBe("ERR_BAD_ACCESS");
      const stranger = makeCertificates();
      expect((await errorOf(openStream(address, { tls: { ca: stranger.authority } }))).code).toBe("ERR_BAD_ACCESS");
    }
  });

  test("a name that is not in the certificate is refused, unless it is told", async () => {
    const stream = await created({ name: "tls", listen, ...serverOf(tls, false) });
    for (const address of stream.addresses) {
      const named = { ca: tls.authority, servername: "another.example" };
      expect((await errorOf(openStream(address, { tls: named }))).code).toBe("ERR_BAD_ACCESS");
      const right = await opened(address, { tls: { ca: tls.authority, servername: "localhost" } });
      expect(await right.info()).toMatchObject({ name: "tls" });
    }
  });

  test("mutual: who has no certificate, or another authority's, does not come in", async () => {
    const stream = await created({ name: "tls", listen, ...serverOf(tls, true) });
    await stream.connectProducer();
    const stranger = makeCertificates();
    for (const address of stream.addresses) {
      const ca = tls.authority;
      expect((await errorOf(openStream(address, { tls: { ca } }))).code).toBe("ERR_BAD_ACCESS");
      const foreign = { ca, ...stranger.peer };
      expect((await errorOf(openStream(address, { tls: foreign }))).code).toBe("ERR_BAD_ACCESS");
      const peer = await opened(address, { tls: { ca, ...tls.peer } });
      expect((await peer.connectConsumer()).state).toBe("empty");
    }
  });

  test("TLS 1.1 is not spoken", async () => {
    const stream = await created({ name: "tls", listen, ...serverOf(tls, false) });
    for (const address of stream.addresses) {
      const { port } = new URL(address.replace(/^\w+/, "http"));
      const old = { host: "127.0.0.1", port: Number(port), ca: tls.authority, ciphers: "DEFAULT@SECLEVEL=0" };
      const socket = connectTls({ ...old, minVersion: "TLSv1", maxVersion: "TLSv1.1" });
      const outcome = await new Promise((resolve) => {
        socket.once("secureConnect", () => resolve("connected"));
        socket.once("error", () => resolve("refused"));
      });
      expect(outcome).toBe("refused");
      socket.destroy();
    }
  });
});

describe("WebSocket origins", () => {
  /** What a page of `origin` gets: "open", or the status. */
  async function visit(address: string, origin: string | undefined): Promise<string> {
    const where = address.replace(/\/\w+$/, "");
    const socket = new WebSocket(where, "edgestream", origin === undefined ? {} : { origin });
    try {
      return await new Promise((resolve) => {
        socket.once("open", () => resolve("open"));
        socket.once("unexpected-response", (_request, { statusCode }) => resolve(String(statusCode)));
        socket.on("error", () => resolve("error"));
      });
    } finally {
      socket.on("error", () => {});
      socket.terminate();
    }
  }

  test("without a list pages of the listener's own host and port come in, and who names no origin", async () => {
    const stream = await created({ name: "web", listen: ["ws://127.0.0.1:0"] });
    const address = addressOf(stream);
    const own = address.replace(/^ws/, "http").replace(/\/\w+$/, "");
    expect(await visit(address, own)).toBe("open");
    expect(await visit(address, undefined)).toBe("open");
    for (const foreign of ["http://evil.example", "http://127.0.0.1:1", `${own}.evil.example`, "null", ""]) {
      expect([foreign, await visit(address, foreign)]).toEqual([foreign, foreign === "" ? "open" : "403"]);
    }
  });

  test("with a list those, and no others", async () => {
    const origins = ["https://ha.local", "http://127.0.0.1:8080"];
    const stream = await created({ name: "web", listen: ["ws://127.0.0.1:0"], origins });
    const address = addressOf(stream);
    const own = address.replace(/^ws/, "http").replace(/\/\w+$/, "");
    for (const origin of origins) expect(await visit(address, origin)).toBe("open");
    for (const origin of [own, "http://ha.local", "https://ha.local.evil.example", "https://ha.local:8443", "null"]) {
      expect([origin, await visit(address, origin)]).toEqual([origin, "403"]);
    }
  });
});
