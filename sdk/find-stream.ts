/** A stream by its name alone: on this host, else at the listeners that are configured. */
import { parseHostPort, showHostPort } from "../transports/remote/address.ts";
import { StreamError } from "./base/errors.ts";
import type { OpenStreamOptions, WaitOptions } from "./base/types.ts";
import type { BindingHost } from "./binding-host.ts";
import { whenThere } from "./connect.ts";
import { RemoteSource } from "./open-remote.ts";
import { Stream } from "./stream.ts";

interface LocalPlace {
  /** @throws what the addon throws if it is not there */
  look(): Promise<void>;
  open(): Stream;
}

interface RemotePlace {
  where: string;
  /** @throws StreamError ERR_NOT_FOUND; as openStream */
  look(wait: WaitOptions): Promise<unknown>;
  /** `why` it is looked for there. */
  open(why: string): Stream;
}

/**
 * Waits until one of them has it. This host is asked in every round, and all the time while the others answer.
 * @throws StreamError as openStream; with every place that was looked at
 */
export async function findStream(
  host: BindingHost,
  name: string,
  local: LocalPlace,
  options: OpenStreamOptions,
): Promise<Stream> {
  const { timeoutMs, signal } = options;
  const wait = { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(signal === undefined ? {} : { signal }) };
  const remotes = remotesOf(options).map((where): RemotePlace => {
    const place = parseHostPort(where);
    const source = (why?: string) => new RemoteSource(host, { ...place, name }, options, why);
    const open = (why: string) => new Stream(host, source(why));
    return { where: showHostPort(place), look: (left) => source().info(left), open };
  });
  const here = async (): Promise<Stream> => {
    await local.look();
    return local.open();
  };
  if (remotes.length === 0) return whenThere(name, here, wait);
  // One that is here is found before anybody else is asked.
  const found = signal?.aborted ? undefined : await here().catch(() => undefined);
  return found ?? (await search(name, here, remotes, wait));
}

async function search(
  name: string,
  here: () => Promise<Stream>,
  remotes: readonly RemotePlace[],
  wait: WaitOptions,
): Promise<Stream> {
  const over = new AbortController();
  const signal = wait.signal === undefined ? over.signal : AbortSignal.any([over.signal, wait.signal]);
  const both = [
    whenThere(name, here, { ...wait, signal }),
    whenThere(name, (left) => askAll(name, remotes, { ...left, signal }), { ...wait, signal }),
  ];
  try {
    return await Promise.race(both.map(outlastingNotFound(both)));
  } finally {
    over.abort();
    for (const each of both) each.catch(() => {}); // aborted, or worse news came first
  }
}

/** Whoever has not found it in time waits for what the other says; the last to give up says what both looked at. */
function outlastingNotFound(both: readonly Promise<Stream>[]) {
  return async (mine: Promise<Stream>): Promise<Stream> => {
    try {
      return await mine;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const results = await Promise.allSettled(both);
      const won = results.find((result) => result.status === "fulfilled");
      if (won !== undefined) return won.value;
      const reasons = results.map((result) => (result.status === "rejected" ? (result.reason as Error).message : ""));
      const text = `looked at this host and at the configured remotes: ${reasons.join("; ")}`;
      throw new StreamError("ERR_NOT_FOUND", text, { reason: "timeout", cause: error });
    }
  };
}

/** One round: the first in their order that has it. A remote that says no for another reason than absence is told. */
async function askAll(name: string, remotes: readonly RemotePlace[], wait: WaitOptions): Promise<Stream> {
  const answers = await Promise.allSettled(remotes.map((remote) => remote.look(wait)));
  const index = answers.findIndex(({ status }) => status === "fulfilled");
  const chosen = remotes[index];
  if (chosen !== undefined) return chosen.open(`no stream "${name}" on this host; ${chosen.where} has it`);
  const reasons = answers.map((answer) => (answer.status === "rejected" ? answer.reason : undefined));
  const refusal = reasons.find((reason) => !isNotFound(reason));
  if (refusal !== undefined) throw refusal;
  const told = remotes.map(({ where }, place) => `${where} (${(reasons[place] as Error).message})`);
  throw new StreamError("ERR_NOT_FOUND", told.join(", "));
}

const isNotFound = (error: unknown): boolean => error instanceof StreamError && error.code === "ERR_NOT_FOUND";

function remotesOf({ remotes }: OpenStreamOptions): readonly string[] {
  if (remotes !== undefined) return remotes;
  const configured = process.env["EDGESTREAM_REMOTES"] ?? "";
  return configured
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}
