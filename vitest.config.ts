/** One project per folder of test/. Projects with processes of their own run one file at a time. */
import { defineConfig } from "vitest/config";

const seconds = 1000;

/** Files in parallel: nothing outside the file is touched. */
function parallel(name: string, include: string[], timeoutSeconds = 20) {
  return { test: { name, include, pool: "forks" as const, testTimeout: timeoutSeconds * seconds } };
}

/** One file at a time: child processes, timing and the whole machine are part of these tests. */
function alone(name: string, timeoutSeconds: number) {
  const timeouts = { testTimeout: timeoutSeconds * seconds, hookTimeout: 60 * seconds };
  const include = [`test/${name}/**/*.test.ts`];
  return { test: { name, include, pool: "forks" as const, fileParallelism: false, ...timeouts } };
}

const long = process.env["EDGESTREAM_LONG"] === "1";

export default defineConfig({
  test: {
    projects: [
      parallel("tidy", ["test/tidy.test.ts"]),
      parallel("unit", ["test/unit/**/*.test.ts"]),
      parallel("model", ["test/model/**/*.test.ts"], long ? 900 : 240),
      {
        test: {
          name: "types",
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ["test/types/**/*.test-d.ts"],
            tsconfig: "tsconfig.check.json",
          },
        },
      },
      alone("native", 60),
      alone("conformance", 30),
      alone("integration", long ? 600 : 120),
      alone("fault", long ? 600 : 120),
      alone("soak", 180), // each test says how long it takes
      alone("package", 180),
    ],
  },
});
