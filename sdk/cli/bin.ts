#!/usr/bin/env node
/**
 * What npm links as `edgestream`. It loads the program with require, which opens one file after the other. `import`
 * opens them all at once, and fails under a low limit of open files: the doctor could not say so.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

// The sources and dist/ have the same files under two endings.
const program = import.meta.url.replace(/bin(\.\w+)$/, "main$1");

// Node before 20.19 cannot require a module. It is too old for edgestream, and the doctor says that, too.
const { require_module: canRequire } = process.features as { require_module?: boolean };
if (canRequire) createRequire(import.meta.url)(fileURLToPath(program));
else await import(program);
