/** What the kernel can do, tried call by call. */
import { type Check, fail, ok, skip } from "./check.ts";
import type { Context } from "./context.ts";
import type { ProbeAnswer, ProbeAnswers } from "./probe-program.ts";
import { isAtLeast, parseVersion } from "./proc-files.ts";

const kernelWanted = [5, 1];
const newerKernel = "use Linux 5.1 or newer";
const allowCalls =
  "allow the call in the seccomp profile (docker run --security-opt seccomp=<profile>; docker's own profile allows it)";

/** A question to the kernel that edgestream cannot do without. */
interface Need {
  id: string;
  answer: string;
  works: string;
}

const needs: readonly Need[] = [
  { id: "kernel.memfd", answer: "memfd", works: "shared memory without a name (memfd_create)" },
  {
    id: "kernel.seals",
    answer: "seals",
    works: "sealed memory: fixed size, and no writable mapping after the owner's (SHRINK GROW FUTURE_WRITE SEAL)",
  },
  {
    id: "kernel.descriptors",
    answer: "descriptors",
    works: "descriptors reach another process (SCM_RIGHTS over SOCK_SEQPACKET)",
  },
  { id: "kernel.credentials", answer: "credentials", works: "the kernel names the peer of a socket (SO_PEERCRED)" },
  { id: "kernel.events", answer: "events", works: "timers and wake-ups end a wait (epoll, timerfd, eventfd)" },
];

export function checkKernel({ machine, kernel }: Context): Check[] {
  return [
    checkKernelVersion(machine.kernelRelease),
    ...needs.map((need) => checkNeed(need, kernel)),
    checkPassRights(kernel, machine.kernelRelease),
    checkPidfd(kernel),
  ];
}

export function checkKernelVersion(release: string): Check {
  const id = "kernel.version";
  if (isAtLeast(parseVersion(release), kernelWanted)) return ok(id, `Linux ${release}`);
  return fail(id, `Linux ${release}; ${kernelWanted.join(".")} or newer is needed`, newerKernel);
}

export function checkNeed(need: Need, { answers, problem }: ProbeAnswers): Check {
  const answer = answers.get(need.answer);
  if (answer === undefined) return skip(need.id, `not tried: ${problem ?? "no answer"}`);
  if (answer.outcome === "ok") return ok(need.id, need.works);
  return fail(need.id, `does not work: ${need.works}: ${answer.detail}`, needAdvice(answer));
}

/** A kernel that lacks a call says ENOSYS or EINVAL; a filter says EPERM, or kills. */
function needAdvice(answer: ProbeAnswer): string {
  if (/too many open files/i.test(answer.detail)) return "ulimit -n 4096";
  if (/cannot allocate|no space/i.test(answer.detail))
    return "give this container or service more memory; see memory.cgroup";
  const filtered = answer.outcome === "signal" || /not permitted|permission denied/i.test(answer.detail);
  return filtered ? allowCalls : newerKernel;
}

/** Only who opens a socket to others needs it, so its lack is no defect of the machine. */
export function checkPassRights({ answers, problem }: ProbeAnswers, release: string): Check {
  const id = "kernel.passrights";
  const answer = answers.get("passrights");
  if (answer === undefined) return skip(id, `not tried: ${problem ?? "no answer"}`);
  if (answer.outcome === "ok") return ok(id, "sockets can turn descriptors away (SO_PASSRIGHTS)");
  return skip(
    id,
    `SO_PASSRIGHTS comes with Linux 6.16, this is ${release} (${answer.detail}); nothing to do at socketMode 0600, ` +
      "otherwise let only those connect whom you trust (docs/limits.md)",
  );
}

function checkPidfd({ answers, problem }: ProbeAnswers): Check {
  const id = "kernel.pidfd";
  const answer = answers.get("pidfd");
  if (answer?.outcome === "ok")
    return ok(id, "processes have descriptors (pidfd_open); this version does not need them");
  return skip(id, `not there, and not needed by this version: ${answer?.detail ?? problem ?? "no answer"}`);
}
