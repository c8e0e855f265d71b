/**
 * The program that looks in the doctor's place where a look can end a process or hang for ever: loading a damaged
 * addon, reading a dead network disk. `node child.js <what> <argument as JSON>`.
 */

/** It ends by itself a little after it would have been killed: its parent may be gone by then. */
const selfEndMs = 2000;

const argument = JSON.parse(process.argv[3] ?? "{}");
setTimeout(() => process.exit(1), argument.limitMs + selfEndMs).unref();

switch (process.argv[2]) {
  case "addon":
    await (await import("./addon-report.ts")).reportAddon();
    break;
  case "directory":
    await (await import("./directory-report.ts")).reportDirectory(argument.path);
    break;
  case "send":
    await (await import("./self-test-ends.ts")).send(argument.directory, argument.limitMs);
    break;
  case "receive":
    await (await import("./self-test-ends.ts")).receive(argument.directory, argument.limitMs);
    break;
}
