/** Everything that applications import, in the order they meet it. */

export type { FrameCallback } from "./auto-acquire.ts";
export type { BridgeEvents, BridgeLink, BridgeOptions, BridgeState, BridgeStats } from "./base/bridge-types.ts";
export type { ErrorCode } from "./base/errors.ts";
export { errorCodes, StreamError } from "./base/errors.ts";
export { formatNames } from "./base/format.ts";
export type {
  ConnectionStats,
  ConsumerStats,
  LatencyLedger,
  LatencySummary,
  ProducerStats,
  StreamStats,
} from "./base/stats-types.ts";
export type {
  AcceptOptions,
  AccessTokens,
  ConnectedConsumer,
  ConnectedEvent,
  ConsumerEvents,
  ConsumerOptions,
  CreateStreamOptions,
  DisconnectCause,
  DisconnectedEvent,
  DroppedEvent,
  DropReason,
  EvictedEvent,
  FlowStatus,
  FormatChangeEvent,
  FormatName,
  FrameLayout,
  FramePlane,
  FrameSpec,
  HeldTooLongEvent,
  LaggedEvent,
  ModeName,
  ModeOptions,
  NegotiatedAttributes,
  OpenStreamOptions,
  PendingFrame,
  PlaneLayout,
  PostOptions,
  PostResult,
  PresetName,
  ProducerOptions,
  ReadableFrame,
  ReconnectOptions,
  RecoveredEvent,
  RefusedEvent,
  Result,
  SettableAttribute,
  StalledEvent,
  StateChange,
  StreamAttributes,
  StreamEvents,
  StreamInfo,
  StreamMetadata,
  StreamObserver,
  StreamState,
  TlsOptions,
  UserInfo,
  Via,
  WaitOptions,
  WaitStrategy,
  WhileAway,
  WritableFrame,
} from "./base/types.ts";
export type { Bridge } from "./bridge.ts";
export { createBridge } from "./bridge.ts";
export type { Consumer } from "./consumer.ts";
export { createStream } from "./create-stream.ts";
export { openStream } from "./open-stream.ts";
export type { Producer } from "./producer.ts";
export type { Stream } from "./stream.ts";
