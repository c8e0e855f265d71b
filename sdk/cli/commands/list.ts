/** `edgestream list`: the streams of this host and who is connected to them; or those of a listener elsewhere. */
import type { Command } from "commander";
import type { NativeStreamInfo } from "../../../native/binding.ts";
import { parseHostPort } from "../../../transports/remote/address.ts";
import { parseStreamMetadata } from "../../base/stream-metadata.ts";
import { bindingHost } from "../../binding-host.ts";
import { createStream } from "../../create-stream.ts";
import { listRemoteStreams } from "../../open-remote.ts";
import { describeConnection, describeProducer } from "../describe-stream.ts";
import { codeOf, usageError } from "../failure.ts";
import { toJson } from "../json-output.ts";
import { type DialFlags, declareDialOptions, dialOptions } from "../network-options.ts";
import { describeRemote, remoteTable } from "../remote-list.ts";
import { type FoundStream, surveyStreams } from "../stream-survey.ts";
import { columns } from "../text-columns.ts";
import { printable } from "../top/text.ts";

interface ListFlags extends DialFlags {
  json: boolean;
  prune: boolean;
  fps: boolean;
  runtimeDir?: string;
  remote?: string;
}

/** Long enough to tell 25 from 30 frames per second. */
const rateIntervalMs = 500;

const examples = `
Examples:
  edgestream list
  edgestream list --json --no-fps
  edgestream list --prune
  edgestream list --remote 192.0.2.7:8888 --token-file cam.token

Status: alive, stale (its producer died; the next start under that name or --prune removes it), denied (no permission
on its socket), refused (it lets nobody look), silent (its producer does not answer: stopped, or very busy).
With --remote: the streams at that address that the token lets us see.
Exit codes: 0 always when it could look, 1 it failed, 2 wrong options.`;

export function addListCommand(program: Command): void {
  const command = program
    .command("list")
    .description("show the streams of this host, or of a listener elsewhere")
    .option("--remote <address>", "host:port (TCP), tcp://host:port, tls://…, ws://…, wss://…");
  declareDialOptions(command)
    .option("--no-fps", "one look only, which is faster")
    .option("--prune", "remove what dead producers left behind", false)
    .option("--runtime-dir <path>", "look only here")
    .option("--json", "a JSON array on stdout, connections and counters included", false)
    .addHelpText("after", examples)
    .action(async (flags: ListFlags) => {
      if (flags.remote !== undefined) return listRemote(flags.remote, flags);
      const found = await surveyStreams(flags.runtimeDir, flags.fps ? rateIntervalMs : 0);
      const pruned = flags.prune ? await pruneStale(found) : new Set<string>();
      if (flags.json) process.stdout.write(`${toJson(found.map((each) => describe(each, pruned)))}\n`);
      else process.stdout.write(table(found, pruned));
    });
}

async function listRemote(address: string, flags: ListFlags): Promise<void> {
  if (flags.prune || flags.runtimeDir !== undefined) {
    throw usageError("--prune and --runtime-dir are for streams of this host; leave them out with --remote");
  }
  const place = parseHostPort(address.includes("://") ? address : `tcp://${address}`);
  const streams = await listRemoteStreams(bindingHost(), place, dialOptions(flags));
  if (flags.json) process.stdout.write(`${toJson(streams.map((each) => describeRemote(place, each)))}\n`);
  else process.stdout.write(remoteTable(place, streams));
}

/** Starting and closing a stream under the name removes its remains, and the name lock keeps it off the living. */
async function pruneStale(found: readonly FoundStream[]): Promise<Set<string>> {
  const removed = new Set<string>();
  for (const each of found.filter((one) => one.status === "stale")) {
    try {
      const stream = await createStream({ name: each.name, runtimeDir: each.directory });
      await stream.close();
      removed.add(each.socket);
    } catch (error) {
      // Somebody has just started under this name, or it is not ours to remove.
      if (!["ERR_RESOURCE_BUSY", "ERR_BAD_ACCESS", "ERR_SYSTEM"].includes(codeOf(error) ?? "")) throw error;
    }
  }
  return removed;
}

function describe(found: FoundStream, pruned: ReadonlySet<string>): object {
  const { name, socket, status, report, framesPerSecond } = found;
  if (!report) return { name, socket, status, removed: pruned.has(socket) };
  return {
    name,
    socket,
    status,
    ...describeProducer(report.info),
    framesPerSecond,
    bytesPerSecond: bytesPerSecond(report.streamInfo),
    info: parseStreamMetadata(report.streamInfo.text),
    connections: report.connections.map(describeConnection),
  };
}

function bytesPerSecond({ bytes, elapsed }: NativeStreamInfo): number {
  return elapsed === 0 ? 0 : Math.round((bytes * 1e9) / elapsed);
}

const headings = ["NAME", "STATUS", "STATE", "FORMAT", "SIZE", "FRAMES", "FPS", "CONSUMERS", "TITLE"];

function table(found: readonly FoundStream[], pruned: ReadonlySet<string>): string {
  if (found.length === 0) return "no streams; start one with: edgestream source test: --name bars\n";
  return columns([headings, ...found.map((each) => tableRow(each, pruned))]);
}

function tableRow(found: FoundStream, pruned: ReadonlySet<string>): string[] {
  const status = pruned.has(found.socket) ? "removed" : found.status;
  const { info, streamInfo } = found.report ?? {};
  if (!info || !streamInfo) return [found.name, status, "-", "-", "-", "-", "-", "-", "-"];
  const state = bindingHost().state(info.state);
  const size = `${info.format.width}x${info.format.height}`;
  const rate = found.framesPerSecond?.toFixed(1) ?? "-";
  const { title = "-" } = parseStreamMetadata(streamInfo.text);
  const counts = [String(info.frames), rate, String(info.connections)];
  return [found.name, status, state, info.format.name, size, ...counts, printable(title, true)];
}
