/**
 * A page as a consumer of streams. ES modules without a dependency, nothing of Node: serve the folder `dist` of this
 * package and import `dist/sdk/browser/index.js`.
 */

export { type ErrorCode, errorCodes, StreamError } from "../base/errors.ts";
export type {
  DisconnectCause,
  FlowStatus,
  FormatChangeEvent,
  FormatName,
  FrameLayout,
  FramePlane,
  ModeName,
  ReconnectOptions,
  Result,
  StateChange,
  StreamState,
  WaitOptions,
} from "../base/types.ts";
export { connectConsumer } from "./connect.ts";
export type { BrowserConsumer, BrowserConsumerEvents, BrowserConsumerStats } from "./consumer.ts";
export { createFrameView, type FrameView, type ViewableFrame, viewableFormats } from "./frame-view.ts";
export type { ConnectOptions } from "./options.ts";
export type { BrowserFrame } from "./received-frame.ts";
