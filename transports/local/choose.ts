/** Which of the two local ways a connection goes, and why: the answer to "how am I connected?". */
import type { Via } from "../../sdk/base/types.ts";

/** A stream made here. `socket`: "" when nobody else can find it. */
export function viaOfCreated(socket: string, memory: "auto" | "host" | undefined): Via {
  const reach =
    socket === ""
      ? "the stream was made in this process and has no name, so only this process reaches it"
      : `the stream was made in this process; others reach it at ${socket}`;
  return { transport: "in-process", memory: "host", reason: `${reach}; ${memoryReason(memory)}` };
}

/** A stream that another process (or thread) listens for. */
export function viaOfOpened(name: string): Via {
  const reason = `stream "${name}" was found in a runtime directory of this host, so its memory is shared, not copied`;
  return { transport: "ipc", memory: "host", reason };
}

function memoryReason(memory: "auto" | "host" | undefined): string {
  if (memory === "host") return "host memory was asked for";
  return "host memory, because this version knows no other";
}
