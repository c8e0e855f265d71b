/** The mailbox, every interleaving of a producer with one and with two consumers. */
import { describe, test } from "vitest";
import { mailbox, newestOfTwo } from "./rules.ts";
import { expectSound, long } from "./sound.ts";

describe("a mailbox is sound", () => {
  test("with one consumer that may die, as may the producer", () => {
    expectSound({ mode: mailbox, consumers: 1, slots: 3, posts: long ? 6 : 5, drains: true, deaths: true });
  });

  test("with one consumer that takes the newer of two and passes the older over", () => {
    expectSound({ mode: newestOfTwo, consumers: 1, slots: 4, posts: 4, drains: true, deaths: true });
  });

  test("with two consumers", () => {
    expectSound({ mode: mailbox, consumers: 2, slots: 3, posts: long ? 3 : 2, drains: false, deaths: true });
  });

  test("with two consumers, while everybody may die around one frame", () => {
    expectSound({ mode: mailbox, consumers: 2, slots: 3, posts: 1, drains: true, deaths: true });
  });
});
