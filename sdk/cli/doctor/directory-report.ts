/** In a child process: looks at a runtime directory. A network disk that does not answer stops this process alone. */
import { accessSync, constants, lstatSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { codeOf } from "../failure.ts";
import type { StreamStatus } from "../stream-observer.ts";
import { surveyStreams } from "../stream-survey.ts";
import { say, sayError } from "./child-lines.ts";

export interface DirectoryFacts {
  found: boolean;
  /** Why not, when it is there and cannot be looked at; such as EACCES of a directory above it. */
  error?: string | undefined;
  /** Without links. */
  real?: string | undefined;
  isDirectory?: boolean;
  isLink?: boolean;
  uid?: number;
  mode?: number;
  mayEnter?: boolean;
  mayList?: boolean;
  mayWrite?: boolean;
  /** Why nothing can be made in it: EACCES, EROFS. */
  writeError?: string | undefined;
  /** The same of the directory above, for one that is not there. */
  parentError?: string | undefined;
}

export interface Entry {
  name: string;
  kind: "sock" | "lock";
  uid: number;
  mode: number;
}

export interface SurveyedStream {
  name: string;
  status: StreamStatus;
}

export async function reportDirectory(path: string): Promise<void> {
  const facts = factsOf(path);
  say("facts", facts);
  if (!facts.mayList) return;
  say("entries", { entries: entriesOf(path) });
  try {
    const streams = await surveyStreams(path, 0);
    say("streams", { streams: streams.map(({ name, status }): SurveyedStream => ({ name, status })) });
  } catch (error) {
    sayError("streams-error", error);
  }
}

function factsOf(path: string): DirectoryFacts {
  try {
    const link = lstatSync(path);
    const target = statSync(path, { throwIfNoEntry: false });
    const isDirectory = target?.isDirectory() === true;
    const writeError = accessError(path, constants.W_OK | constants.X_OK);
    return {
      found: true,
      real: target && realpathSync(path),
      isDirectory,
      isLink: link.isSymbolicLink(),
      uid: link.uid,
      mode: (target ?? link).mode & 0o7777,
      mayEnter: isDirectory && accessError(path, constants.X_OK) === undefined,
      mayList: isDirectory && accessError(path, constants.R_OK | constants.X_OK) === undefined,
      mayWrite: isDirectory && writeError === undefined,
      writeError,
    };
  } catch (error) {
    if (codeOf(error) !== "ENOENT") return { found: false, error: codeOf(error) };
    return { found: false, parentError: accessError(dirname(path), constants.W_OK | constants.X_OK) };
  }
}

function accessError(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return codeOf(error) ?? "unknown";
  }
}

function entriesOf(path: string): Entry[] {
  return readdirSync(path).flatMap((entry): Entry[] => {
    const [, name, kind] = /^([A-Za-z0-9_-]{1,63})\.(sock|lock)$/.exec(entry) ?? [];
    if (name === undefined) return [];
    try {
      const { uid, mode } = lstatSync(join(path, entry));
      return [{ name, kind: kind as Entry["kind"], uid, mode: mode & 0o777 }];
    } catch {
      // Its owner has just removed it.
      return [];
    }
  });
}
