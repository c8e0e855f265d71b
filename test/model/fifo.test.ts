/** The fifo, every interleaving of a producer with one and with two consumers. */
import { describe, test } from "vitest";
import { fifo, tight } from "./rules.ts";
import { expectSound, long } from "./sound.ts";

describe("a fifo is sound", () => {
  test("with one consumer that may die, as may the producer", () => {
    expectSound({ mode: fifo, consumers: 1, slots: 3, posts: long ? 6 : 5, drains: true, deaths: true });
  });

  test("with two consumers, one of whom is asked for a signal when both queues are full", () => {
    expectSound({ mode: tight(fifo), consumers: 2, slots: 3, posts: long ? 3 : 2, drains: false, deaths: true });
  });

  test("with two consumers and one slot, so that both are asked for it", () => {
    expectSound({ mode: tight(fifo), consumers: 2, slots: 1, posts: long ? 3 : 2, drains: false, deaths: true });
  });
});
