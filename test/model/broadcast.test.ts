/** The broadcast, every interleaving of a producer with one and with two consumers. */
import { describe, test } from "vitest";
import { broadcast, tight } from "./rules.ts";
import { expectSound, long } from "./sound.ts";

describe("a broadcast is sound", () => {
  test("with one consumer that may die, as may the producer", () => {
    expectSound({ mode: broadcast, consumers: 1, slots: 4, posts: long ? 6 : 5, drains: true, deaths: true });
  });

  test("with one consumer and a slot less than admission sees to", () => {
    expectSound({ mode: broadcast, consumers: 1, slots: 3, posts: 4, drains: true, deaths: true });
  });

  test("with two consumers whose frame is overwritten", () => {
    expectSound({ mode: tight(broadcast), consumers: 2, slots: 3, posts: long ? 3 : 2, drains: false, deaths: true });
  });
});
