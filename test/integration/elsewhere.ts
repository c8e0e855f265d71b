/** What tests of bridges, and of names of other hosts, start: a producer "elsewhere", and the command. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Child, makeRuntimeDir, until } from "../programs/child.ts";
import { type ChildSource, childSource } from "../programs/remote-source.ts";

const cli = fileURLToPath(new URL("../../dist/sdk/cli/main.js", import.meta.url));
export const frame = { format: "NV12", width: 640, height: 360 } as const;
export const token = "read-me";

/** A process with a runtime directory of its own, reached over TCP only; its producer is connected. */
export async function elsewhere(port = 0, options: object = {}): Promise<{ source: ChildSource; address: string }> {
  const source = await childSource({ env: { EDGESTREAM_RUNTIME_DIR: makeRuntimeDir() } });
  await source.create({ name: "cam1", frame, listen: [`tcp://127.0.0.1:${port}`], ...options });
  await source.connect();
  const [address = ""] = await source.addresses();
  return { source, address };
}

export function edgestream(runtimeDir: string, ...args: string[]): Child {
  return new Child(process.execPath, [cli, ...args], { env: { EDGESTREAM_RUNTIME_DIR: runtimeDir } });
}

/** The remote side has its one consumer. */
export const linked = (source: ChildSource) =>
  until("the link has its seat", async () => {
    const { connections } = await source.stats();
    return connections.filter(({ state }) => state === "empty" || state.endsWith("available")).length === 1;
  });

export function secretFile(text = token): string {
  const path = join(makeRuntimeDir(), "token");
  writeFileSync(path, `${text}\n`, { mode: 0o600 });
  return path;
}
