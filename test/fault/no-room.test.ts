/** No room: in the runtime directory, in the address space, for shared memory at all. An error, and nothing left. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { countFds, endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { type ChildSource, childSource } from "../programs/remote-source.ts";

const frame = { format: "GRAY8", width: 64, height: 64 } as const;
const mebi = 2 ** 20;
/** What V8 may need meanwhile; frames below are a multiple of it. */
const roomLeft = 64 * mebi;

const hooks = fileURLToPath(new URL("../../build/hooks/Release/edgestream.node", import.meta.url));
const noHooks = !existsSync(hooks);
if (noHooks) console.log(`skipped: the tests without shared memory need the build with ES_TEST_HOOKS at ${hooks}`);

const namespace = ["unshare", "-Urm"];
const noNamespace = spawnSync(namespace[0] as string, [...namespace.slice(1), "true"]).status !== 0;
if (noNamespace) console.log("skipped: the tests of a full file system need user and mount namespaces");

afterEach(endChildren);
afterAll(removeRuntimeDirs);

/** How many memory objects of ours a process has mapped, and how many descriptors it has. */
function holdings({ child }: ChildSource) {
  const maps = readFileSync(`/proc/${child.pid}/maps`, "utf8");
  return { objects: maps.split("memfd:edgestream-").length - 1, fds: countFds(child.pid) };
}

/** It gets no more than `roomLeft` of address space from now on; undefined lifts that. */
function limitAddresses({ child }: ChildSource, room: number | undefined): void {
  const used = Number(/^VmSize:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) * 1024;
  execFileSync("prlimit", [`--pid=${child.pid}`, `--as=${room === undefined ? "unlimited" : used + room}:`]);
}

describe.skipIf(noNamespace)("a file system that is full", () => {
  /** A source whose runtime directory has room for so many files. */
  async function sourceWithFiles(runtimeDir: string, files: number): Promise<ChildSource> {
    // A file system's first inode is its own directory; a socket and a lock need an inode each and no block.
    const mount = `mount -t tmpfs -o nr_inodes=${files + 1} full ${runtimeDir}`;
    return await childSource({ wrapper: [...namespace, "sh", "-c", `${mount} && exec "$@"`, "sh"] });
  }

  const filesIn = ({ child }: ChildSource, dir: string) => readdirSync(`/proc/${child.pid}/root${dir}`);

  test.each([
    ["a lock", 0],
    ["a socket", 1],
  ])("without room for %s createStream fails with ERR_SYSTEM and leaves nothing", async (_what, files) => {
    const runtimeDir = makeRuntimeDir();
    const source = await sourceWithFiles(runtimeDir, files);
    const create = () => source.create({ name: "full", runtimeDir, frame });
    const code = { code: "ERR_SYSTEM", message: expect.stringContaining("No space left on device") };
    await expect(create()).rejects.toMatchObject(code);
    const { fds } = holdings(source);
    await expect(create()).rejects.toMatchObject(code);
    expect(filesIn(source, runtimeDir)).toEqual([]);
    expect(holdings(source).fds).toBe(fds);
  });

  test("with room for both, and for no more, it works", async () => {
    const runtimeDir = makeRuntimeDir();
    const source = await sourceWithFiles(runtimeDir, 2);
    await source.create({ name: "full", runtimeDir, frame });
    await source.connect();
    expect(await source.post()).toEqual([1n]);
    expect(filesIn(source, runtimeDir).sort()).toEqual(["full.lock", "full.sock"]);
    await source.close();
    expect(filesIn(source, runtimeDir)).toEqual([]);
  });

  test("a socket that cannot be given to its group is not left behind", async () => {
    const runtimeDir = makeRuntimeDir();
    const source = await sourceWithFiles(runtimeDir, 2);
    const socketGroup = 4711; // a group that the namespace does not have
    const create = source.create({ name: "full", runtimeDir, frame, socketGroup });
    await expect(create).rejects.toMatchObject({ code: "ERR_BAD_ACCESS" });
    expect(filesIn(source, runtimeDir)).toEqual([]);
  });
});

describe("an address space that is full", () => {
  test("in the producer: connectProducer is ERR_BAD_ALLOC, leaves nothing, and can be tried again", async () => {
    const runtimeDir = makeRuntimeDir();
    const source = await childSource();
    await source.create({ name: "narrow", runtimeDir, frame: { ...frame, width: 8192, height: 8192 } });
    limitAddresses(source, roomLeft);
    const fails = { code: "ERR_BAD_ALLOC", message: expect.stringContaining("Cannot allocate memory") };
    await expect(source.connect()).rejects.toMatchObject(fails);
    const before = holdings(source);
    expect(before.objects).toBe(0);
    await expect(source.connect()).rejects.toMatchObject(fails);
    expect(holdings(source)).toEqual(before);
    limitAddresses(source, undefined);
    await source.connect();
    expect(await source.post()).toEqual([1n]);
    await source.close();
    expect(readdirSync(runtimeDir)).toEqual([]);
  });

  test("in a consumer: ERR_BAD_ALLOC, and neither end keeps anything of it", async () => {
    const runtimeDir = makeRuntimeDir();
    const source = await childSource();
    await source.create({ name: "narrow", runtimeDir, frame: { ...frame, width: 8192, height: 4096 } });
    await source.connect();
    const reader = await childSource();
    const read = () => reader.readOne("narrow", { runtimeDir, timeoutMs: 5000 });
    const posting = source.run(100_000, 100).catch(() => {});
    await read(); // the pool has its size, and what is loaded on first use is loaded
    const nobody = async () => (await source.stats()).connections.length === 0;
    await until("it is gone", nobody);
    const before = { source: holdings(source), reader: holdings(reader) };
    limitAddresses(reader, roomLeft);
    await expect(read()).rejects.toMatchObject({ code: "ERR_BAD_ALLOC" });
    await until("it is gone", nobody);
    expect({ source: holdings(source), reader: holdings(reader) }).toEqual(before);
    limitAddresses(reader, undefined);
    expect(await read()).toBeGreaterThan(1n);
    await source.halt();
    await posting;
  });
});

describe.skipIf(noHooks)("no shared memory", () => {
  test("connectProducer fails with ERR_BAD_ALLOC and leaves nothing", async () => {
    const runtimeDir = makeRuntimeDir();
    const source = await childSource({ env: { EDGESTREAM_ADDON: hooks, ES_TEST_NO_MEMFD: "1" } });
    await source.create({ name: "bare", runtimeDir, frame });
    const fails = { code: "ERR_BAD_ALLOC", message: expect.stringContaining("cannot create shared memory") };
    await expect(source.connect()).rejects.toMatchObject(fails);
    const before = holdings(source);
    await expect(source.connect()).rejects.toMatchObject(fails);
    expect(holdings(source)).toEqual(before);
    await source.close();
    expect(readdirSync(runtimeDir)).toEqual([]);
  });
});
