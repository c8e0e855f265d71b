/** A consumer's set-up, for tests that are about something else. */
import { defaultSettings, initialAttributes } from "../../sdk/attributes.ts";

/** What a stream tells its consumer beside what a test is about. */
export const plainSetup = {
  initial: initialAttributes({}, true),
  settings: defaultSettings,
  info: () => Promise.reject(new Error("a test without a stream asked for its info")),
};
