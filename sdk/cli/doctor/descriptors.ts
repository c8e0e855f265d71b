/** Whether the limit of open files is enough, with the sum. */
import { type Check, fail, ok, warn } from "./check.ts";

/** A limit with which nobody has to count. */
const comfortable = 4096;

export const moreFilesAdvice =
  `ulimit -n ${comfortable} (as root when it is refused; systemd: LimitNOFILE=${comfortable}; ` +
  `docker run --ulimit nofile=${comfortable}:${comfortable})`;

/** Advice for whatever may have failed for want of a descriptor; `otherwise` when that is not the reason. */
export function unlessManyFiles(problem: string | undefined, otherwise: string): string {
  return isManyFiles(undefined, problem ?? "") ? moreFilesAdvice : otherwise;
}

/** EMFILE by its name, or in words, as the addon has them. */
export function isManyFiles(code: string | undefined, message: string): boolean {
  return code === "EMFILE" || /EMFILE|too many open files/i.test(message);
}

/** docs/limits.md: what costs descriptors. */
const cost = { context: 3, stream: 2, memoryObjects: 8, consumer: 2 };
const consumersByDefault = 16;
const consumersMax = 128;

/**
 * `limit` is the hard one: Node raises its soft limit to it at its start. `own`: what Node itself has open.
 * `importFails`: the SDK could not be imported for want of descriptors.
 */
export function checkDescriptors(limit: number, own: number, importFails: boolean): Check {
  const id = "limits.nofile";
  const fixed = own + cost.context + cost.stream + cost.memoryObjects;
  const consumers = Math.floor((limit - fixed) / cost.consumer);
  if (limit === Number.POSITIVE_INFINITY) return ok(id, "no limit of open files");
  const sum =
    `(${own} of Node + ${cost.context} + ${cost.stream} of the stream + ${cost.memoryObjects} memory objects + ` +
    `${cost.consumer} per consumer)`;
  if (importFails) {
    const finding = `${limit} open files are too few to import edgestream: Node opens many module files at a time`;
    return fail(id, finding, moreFilesAdvice);
  }
  if (consumers < 1) {
    return fail(id, `${limit} open files are too few for a stream with one consumer: ${sum}`, moreFilesAdvice);
  }
  const room = consumers >= consumersMax ? `more than a stream's ${consumersMax}` : String(consumers);
  const finding = `${limit} open files, enough for ${room} consumers ${sum}`;
  return consumers < consumersByDefault ? warn(id, finding, moreFilesAdvice) : ok(id, finding);
}
