/** A `Source` wherever it is: in this process, or in a child that answers over its IPC channel. */
import { type Child, run, type SpawnOptions } from "./child.ts";
import { Source, type SourceCalls } from "./source.mjs";

interface Answer {
  id?: number;
  value?: unknown;
  error?: { message: string; code?: string; reason?: string; stack?: string };
}

/** What a source in another process threw. */
export class RemoteError extends Error {
  readonly code: string | undefined;
  readonly reason: string | undefined;

  constructor(error: NonNullable<Answer["error"]>) {
    super(error.message);
    this.code = error.code;
    this.reason = error.reason;
    if (error.stack !== undefined) this.stack = error.stack;
  }
}

export interface LocalSource extends SourceCalls {
  readonly source: Source;
}

export interface ChildSource extends SourceCalls {
  readonly child: Child;
}

/** Every call goes through a promise, so that both kinds fail the same way. */
export function localSource(): LocalSource {
  const source = new Source();
  const target = source as unknown as Record<string, (...args: unknown[]) => unknown>;
  return facade({ source }, async (method, args) => target[method]?.(...args)) as LocalSource;
}

export async function childSource(options: SpawnOptions = {}): Promise<ChildSource> {
  const child = run("source.mjs", {}, { ...options, channel: true });
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let lastId = 0;
  const ready = new Promise<void>((resolve, reject) => {
    child.exit.then(() => reject(new Error(`the source did not start: ${child.stderr}`)), reject);
    child.process.on("message", (message: Answer & { ready?: boolean }) => {
      if (message.ready) resolve();
      const call = open.get(message.id ?? -1);
      if (call === undefined) return;
      open.delete(message.id ?? -1);
      if (message.error === undefined) call.resolve(message.value);
      else call.reject(new RemoteError(message.error));
    });
  });
  const fail = () => {
    for (const call of open.values()) call.reject(new Error(`the source is gone: ${child.stderr}`));
    open.clear();
  };
  child.exit.then(fail, fail);
  await ready;
  return facade({ child }, (method, args) => {
    return new Promise((resolve, reject) => {
      if (!child.running) return reject(new Error(`the source is gone: ${child.stderr}`));
      open.set(++lastId, { resolve, reject });
      child.process.send({ id: lastId, method, args });
    });
  }) as ChildSource;
}

function facade(own: object, call: (method: string, args: unknown[]) => Promise<unknown>): unknown {
  return new Proxy(own, {
    get(target, name) {
      if (name in target) return Reflect.get(target, name);
      if (typeof name !== "string" || name === "then") return undefined;
      return (...args: unknown[]) => call(name, args);
    },
  });
}
