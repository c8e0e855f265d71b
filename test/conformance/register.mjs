/**
 * What EGLStream and NvSciStream promise, row by row, what this library makes of it, and the tests that prove it. Each
 * entry of `tests` is the title of a test somewhere below test/. docs/conformance.md is written from this file.
 *
 * @typedef {object} Row
 * @property {number} row
 * @property {string} rule
 * @property {string} eglstream
 * @property {string} nvscistream
 * @property {string} edgestream
 * @property {readonly string[]} [tests]
 * @property {readonly string[]} [inC]  those of test/native that prove it through the C interface
 * @property {string} [declined]  not there, on purpose: why
 * @property {string} [pending]  not there yet: what is missing
 */

import { rulesInC } from "./rules-in-c.mjs";
import { rulesOfLinks } from "./rules-of-links.mjs";
import { rulesOfMany } from "./rules-of-many.mjs";
import { rulesOfOneConnection } from "./rules-of-one-connection.mjs";
import { rulesOfVerbs } from "./rules-of-verbs.mjs";

/** @type {readonly Row[]} */
export const register = [...rulesOfOneConnection, ...rulesOfMany, ...rulesOfVerbs, ...rulesOfLinks].map((each) => {
  const inC = rulesInC[each.row];
  return inC === undefined ? each : { ...each, inC };
});
