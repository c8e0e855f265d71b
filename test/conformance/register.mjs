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
 * @property {string} [declined]  not there, on purpose: why
 * @property {string} [pending]  not there yet: what is missing
 */

import { rulesOfMany } from "./rules-of-many.mjs";
import { rulesOfOneConnection } from "./rules-of-one-connection.mjs";

/** @type {readonly Row[]} */
export const register = [
  ...rulesOfOneConnection,
  ...rulesOfMany,
  ...waiting([17], "a peer that hangs: heartbeat, and a stopped holder whose slots are quarantined"),
  ...waiting([24, 25, 26], "reset"),
  ...waiting([45, 47], "sticky metadata blocks"),
  ...waiting([48], "timestamps that must increase in a strict FIFO"),
  ...waiting([49, 53, 54, 55], "EGL's attributes and their access rules"),
  ...waiting([50], "peek"),
  ...waiting([52], "auto-acquire"),
  ...waiting([66], "user info per endpoint"),
  ...waiting([67, 68], "one ordered stream of events, consumers by index"),
];

/** @param {readonly number[]} rows  @param {string} pending  @returns {Row[]} */
function waiting(rows, pending) {
  return rows.map((row) => ({ row, rule: pending, eglstream: "", nvscistream: "", edgestream: "", pending }));
}
