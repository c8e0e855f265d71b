/** The C programs that play bad peers; made by the step that builds the native tests. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** `EDGESTREAM_TEST_PROGRAMS` names another build of test/native, such as one with a sanitizer. */
const folder =
  process.env.EDGESTREAM_TEST_PROGRAMS ?? fileURLToPath(new URL("../../build/test-native/plain", import.meta.url));

/** Where a program of test/native is; undefined, and a line that says so, when it is not built. */
export function nativeProgram(name: string): string | undefined {
  const path = join(folder, name);
  if (existsSync(path)) return path;
  console.log(`skipped: ${path} is not built; the head of test/native/CMakeLists.txt says how`);
  return undefined;
}
