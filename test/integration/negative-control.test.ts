/**
 * The torn-frame check can fail: with the protection off (a build for tests, whose slots share their memory), a reader
 * that holds a frame sees it change. With the protection on, the same reader in the same build does not.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { dismiss, listen, reportOf, startSink } from "./crowd.ts";

const addon = fileURLToPath(new URL("../../build/hooks/Release/edgestream.node", import.meta.url));
const built = existsSync(addon);
if (!built) console.log(`skipped: the negative control needs the build with ES_TEST_HOOKS at ${addon}`);

const small = { format: "NV12", width: 640, height: 360 } as const;

afterEach(endChildren);
afterAll(removeRuntimeDirs);

async function tornFrames(unprotected: boolean): Promise<number> {
  const env: Record<string, string> = { EDGESTREAM_ADDON: addon };
  if (unprotected) env.EDGESTREAM_TEST_UNPROTECTED = "1";
  const runtimeDir = makeRuntimeDir();
  const source = await listen({ name: "control", runtimeDir, frame: small }, { env });
  const slow = startSink("control", runtimeDir, { consumer: { mode: "mailbox" }, sleepMs: 50 }, { env });
  await until("the slow reader is seated", async () => (await source.stats()).connections[0]?.state === "empty");
  await source.run(300, 120);
  await source.closeInput();
  const { frames, torn } = await reportOf(slow);
  console.log(`protection ${unprotected ? "off" : "on"}: a slow reader saw ${torn} of ${frames} frames torn`);
  await dismiss(source);
  return torn;
}

describe.skipIf(!built)("negative control", () => {
  test("with the protection off a slow reader sees torn frames", async () => {
    expect(await tornFrames(true)).toBeGreaterThan(0);
  }, 60_000);

  test("with the protection on the same reader sees none", async () => {
    expect(await tornFrames(false)).toBe(0);
  }, 60_000);
});

test("a normal build refuses to switch the protection off", async () => {
  const source = listen(
    { name: "control", runtimeDir: makeRuntimeDir() },
    { env: { EDGESTREAM_TEST_UNPROTECTED: "1" } },
  );
  await expect(source).rejects.toMatchObject({ code: "ERR_BAD_ACCESS" });
});
