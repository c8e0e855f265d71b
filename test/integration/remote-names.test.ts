/** Streams of other hosts by name and by address: openStream with remotes, and the commands. */
import { join } from "node:path";
import { createStream, openStream } from "edgestream";
import { afterAll, afterEach, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, run } from "../programs/child.ts";
import { freePort } from "../programs/free-port.ts";
import { edgestream, elsewhere, frame, linked, secretFile, token } from "./elsewhere.ts";

afterEach(endChildren);
afterAll(removeRuntimeDirs);

test("list --remote shows what the token lets one see", async () => {
  const runtimeDir = makeRuntimeDir();
  const { source, address } = await elsewhere(0, { tokens: { read: token } });
  await source.updateInfo({ title: "Front \u001b[31mdoor" });
  const place = address.replace("/cam1", "");
  const text = async (...args: string[]) => {
    const child = edgestream(runtimeDir, "list", "--remote", ...args);
    const lines: string[] = [];
    child.process.stdout?.on("data", (part: string) => lines.push(part));
    await child.ended();
    return lines.join("");
  };
  const table = await text(place.replace("tcp://", ""), "--token-file", secretFile());
  expect(table).toMatch(/^NAME +STATE .*TITLE\ncam1 +created +NV12 +640x360 .* Front door\n$/);
  const [found] = JSON.parse(await text(place, "--json", "--token-file", secretFile()));
  expect(found).toMatchObject({ name: "cam1", address, format: "NV12", width: 640, frames: 0, consumers: 0 });
  expect(await text(place)).toMatch(/^no streams at tcp:/);
  const nobody = edgestream(runtimeDir, "list", "--remote", `127.0.0.1:${await freePort()}`);
  expect(await nobody.exit).toMatchObject({ code: 1 });
  expect(nobody.stderr).toMatch(/^edgestream: ERR_NOT_FOUND: /);
});

test("a name alone is looked for here first, then at the remotes, and an error names every place", async () => {
  const runtimeDir = makeRuntimeDir();
  const { source, address } = await elsewhere();
  const place = address.replace("/cam1", "");
  const empty = `tcp://127.0.0.1:${await freePort()}`;
  const remotes = [empty, place];
  const there = await openStream("cam1", { runtimeDir, remotes, mode: "fifo", timeoutMs: 10_000 });
  expect(there.via).toMatchObject({ transport: "tcp", reason: expect.stringContaining(`${place} has it`) });
  const consumer = await there.connectConsumer();
  await source.post(1);
  expect((await consumer.acquire({ timeoutMs: 10_000 })).number).toBe(1n);
  await there.close();
  const waiting = openStream("cam2", { runtimeDir, remotes, timeoutMs: 10_000 });
  const lost = openStream("cam3", { runtimeDir, remotes, timeoutMs: 300 });
  const here = await createStream({ name: "cam2", runtimeDir, frame });
  expect((await waiting).via.transport).toBe("ipc");
  await expect(lost).rejects.toMatchObject({ code: "ERR_NOT_FOUND", reason: "timeout" });
  const message = await lost.catch((error: Error) => error.message);
  for (const where of ["this host", empty, place]) expect(message).toContain(where);
  await here.close();
  const open = { runtimeDir, timeoutMs: 10_000, mode: "fifo" };
  const order = { name: "cam1", open, check: false, count: 1 };
  const reader = run("sink.mjs", order, { env: { EDGESTREAM_REMOTES: ` ${empty}, ${place}` } });
  expect(await reader.line("connected")).toMatchObject({ via: { transport: "tcp" } });
  await linked(source);
  await source.post(1);
  expect(await reader.line("done")).toMatchObject({ frames: 1 });
});

test("source --listen, and pull and record of an address", async () => {
  const runtimeDir = makeRuntimeDir();
  const secret = secretFile();
  const listen = ["--listen", "tcp://127.0.0.1:0", "--listen", "ws://127.0.0.1:0", "--token-file", secret];
  const bars = edgestream(runtimeDir, "source", "test:", "--name", "bars", "--size", "64x36", "--json", ...listen);
  const { addresses } = (await bars.line("started")) as unknown as { addresses: string[] };
  const folder = makeRuntimeDir();
  const far = makeRuntimeDir();
  for (const address of addresses) {
    const options = ["--as", "raw", "--out", join(folder, "frames"), "--count", "5", "--json", "--token-file", secret];
    const pull = edgestream(far, "pull", address, ...options);
    await pull.ended();
    expect(JSON.parse(pull.stderr)).toMatchObject({ frames: 5, bytes: (5 * 64 * 36 * 3) / 2 });
  }
  const file = join(folder, "bars.raw");
  const [first = ""] = addresses;
  await edgestream(far, "record", first, file, "--count", "5", "--token-file", secret).ended();
  const pull = edgestream(far, "pull", first, "--as", "null", "--count", "1");
  expect(await pull.exit).toMatchObject({ code: 1 });
  expect(pull.stderr).toMatch(/^edgestream: ERR_BAD_ACCESS: /);
  bars.kill("SIGTERM");
  await bars.ended();
});
