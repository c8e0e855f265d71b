import { describe, expect, test } from "vitest";
import { parseLines } from "../../../../sdk/cli/doctor/child-lines.ts";
import { runProgram, whyRunFailed } from "../../../../sdk/cli/doctor/run-program.ts";

const limitMs = 10_000;

describe("a program", () => {
  test("that ends well gives its words", async () => {
    const ran = await runProgram("sh", ["-c", "echo out; echo err >&2"], { limitMs });
    expect(ran).toMatchObject({ stdout: "out\n", stderr: "err\n", code: 0, timedOut: false });
    expect(whyRunFailed(ran, limitMs)).toBeUndefined();
  });

  test("that is not there, fails, or is killed says so", async () => {
    const missing = await runProgram("edgestream-no-such-program", [], { limitMs });
    expect(whyRunFailed(missing, limitMs)).toBe("it does not start: ENOENT");
    const failed = await runProgram("sh", ["-c", "echo first >&2; echo why >&2; exit 3"], { limitMs });
    expect(whyRunFailed(failed, limitMs)).toBe("it ended with exit code 3: why");
    const killed = await runProgram("sh", ["-c", "kill -SEGV $$"], { limitMs });
    expect(whyRunFailed(killed, limitMs)).toBe("it was ended by SIGSEGV");
  });

  test("that goes on for ever is ended, what it said is kept", async () => {
    const ran = await runProgram("sh", ["-c", "echo begun; trap '' TERM; exec sleep 600"], { limitMs: 500 });
    expect(ran).toMatchObject({ stdout: "begun\n", timedOut: true });
    expect(whyRunFailed(ran, 500)).toBe("it gave no answer within 0.5 s");
  });

  test("whose grandchild keeps the output open does not hold us", async () => {
    const ran = await runProgram("sh", ["-c", "sleep 20 & echo done"], { limitMs: 500 });
    expect(ran).toMatchObject({ stdout: "done\n", timedOut: true });
  });

  test("that floods its output does not fill our memory", async () => {
    const ran = await runProgram("sh", ["-c", "head -c 20000000 /dev/zero"], { limitMs });
    expect(ran.stdout.length).toBe(4 << 20);
  });
});

test("lines of a child: what is no JSON object with a kind, or was cut, is left out", () => {
  expect(parseLines('{"kind":"a","x":1}\nwarning\n[1]\n{"y":2}\n{"kind":"b"')).toEqual([{ kind: "a", x: 1 }]);
});
