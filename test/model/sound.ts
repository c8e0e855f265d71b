/** How the tests of one mode explore it. */
import { expect } from "vitest";
import { explore } from "./explore.ts";
import type { Rules } from "./rules.ts";

/** `npm run test:long` explores more than there is time for in `npm test`. */
export const long = process.env["EDGESTREAM_LONG"] === "1";

/** Explores everything, prints how much that was, and expects no violation anywhere. */
export function expectSound(rules: Rules): void {
  const { states, transitions, ends, violation } = explore(rules);
  const deaths = rules.deaths ? "deaths" : "no deaths";
  const size = `${rules.consumers} consumers, ${rules.slots} slots, ${rules.posts} posts, ${deaths}`;
  console.log(`${rules.mode.name} of ${rules.mode.capacity}: ${size}: ${states} states, ${transitions} transitions`);
  expect(violation).toBeUndefined();
  expect(ends).toBeGreaterThan(0);
  expect(transitions).toBeGreaterThan(states);
}
