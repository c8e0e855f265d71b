/** What commands that dial, or listen, ask for about the network. Secrets come from files and the environment only. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import type { CreateStreamOptions, OpenStreamOptions, TlsOptions } from "../base/types.ts";
import { CommandError, usageError } from "./failure.ts";
import { seconds } from "./option-parsers.ts";

interface TlsFlags {
  tlsCa?: string;
  tlsCert?: string;
  tlsKey?: string;
}

export interface DialFlags extends TlsFlags {
  tokenFile?: string;
  idleTimeout?: number;
}

export interface ListenFlags extends TlsFlags {
  listen?: string[];
  tokenFile?: string;
  origin?: string[];
}

type DialOptions = Pick<OpenStreamOptions, "token" | "tls" | "idleTimeoutMs">;

/** For those who reach a stream of another host. */
export function declareDialOptions(command: Command): Command {
  return declareTls(command)
    .option("--token-file <path>", "over the network: a file with the token (default: $EDGESTREAM_TOKEN)")
    .option("--idle-timeout <seconds>", "over the network: without a byte the link is lost (default 10)", idleTimeout);
}

/** For those who offer one. */
export function declareListenOptions(command: Command): Command {
  return declareTls(command)
    .option("--listen <address>", "also offer it there: tcp://0.0.0.0:8888, tls://…, ws://…, wss://…; repeatable", more)
    .option("--token-file <path>", "over the network: a file with the token that readers need")
    .option("--origin <origin>", "ws, wss: pages that may connect, such as https://ha.local; repeatable", more);
}

function declareTls(command: Command): Command {
  return command
    .option("--tls-ca <path>", "tls, wss: certificates of those to trust, PEM")
    .option("--tls-cert <path>", "tls, wss: this end's certificate, PEM")
    .option("--tls-key <path>", "tls, wss: its key, PEM");
}

const idleTimeout = seconds("--idle-timeout");
const more = (text: string, before: string[] = []): string[] => [...before, text];

export function dialOptions(flags: DialFlags): DialOptions {
  const tls = tlsOptions(flags);
  return {
    ...(flags.tokenFile !== undefined && { token: readToken(flags.tokenFile) }),
    ...(tls && { tls }),
    ...(flags.idleTimeout !== undefined && { idleTimeoutMs: Math.round(flags.idleTimeout * 1000) }),
  };
}

/** With `--tls-ca` peers must show a certificate. */
export function listenOptions(flags: ListenFlags): Pick<CreateStreamOptions, "listen" | "tokens" | "tls" | "origins"> {
  const { listen, tokenFile, origin } = flags;
  const tls = tlsOptions(flags);
  if (listen === undefined) {
    const alone = [tokenFile && "--token-file", origin && "--origin", tls && "--tls-cert, --tls-key and --tls-ca"];
    const [first] = alone.filter(Boolean);
    if (first) throw usageError(`${first} is for a stream that is offered over the network; add --listen <address>`);
    return {};
  }
  return {
    listen: ["ipc", ...listen],
    ...(tokenFile !== undefined && { tokens: { read: readToken(tokenFile) } }),
    ...(tls && { tls: { ...tls, ...(tls.ca !== undefined && { requestCert: true }) } }),
    ...(origin && { origins: origin }),
  };
}

function tlsOptions({ tlsCa, tlsCert, tlsKey }: TlsFlags): TlsOptions | undefined {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw usageError("--tls-cert and --tls-key go together");
  if (tlsCa === undefined && tlsCert === undefined) return undefined;
  return {
    ...(tlsCa !== undefined && { ca: readText(tlsCa, "--tls-ca") }),
    ...(tlsCert !== undefined && { cert: readText(tlsCert, "--tls-cert") }),
    ...(tlsKey !== undefined && { key: readText(tlsKey, "--tls-key") }),
  };
}

/** Its first line. */
function readToken(path: string): string {
  const [token = ""] = readText(path, "--token-file").split(/\r?\n/);
  if (token !== "") return token;
  throw new CommandError("ERR_READ", `--token-file: the first line of "${path}" is empty; it should be the token`);
}

function readText(path: string, option: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CommandError("ERR_READ", `${option}: ${(error as Error).message}`, { cause: error });
  }
}
