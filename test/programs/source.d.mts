import type {
  ConnectedConsumer,
  ConnectionStats,
  CreateStreamOptions,
  FrameLayout,
  FrameSpec,
  OpenStreamOptions,
  PostOptions,
  PostResult,
  Producer,
  ProducerOptions,
  ProducerStats,
  SettableAttribute,
  Stream,
  StreamAttributes,
  StreamEvents,
  StreamInfo,
  StreamMetadata,
  StreamState,
  UserInfo,
  WaitOptions,
} from "edgestream";

export interface SourceEvent {
  name: string;
  from: "stream" | "producer";
  at: bigint;
  connection?: bigint;
  previous?: bigint | undefined;
  title?: string;
  number?: bigint;
  stream?: string;
  cause?: string;
  oldState?: StreamState;
  newState?: StreamState;
  skipped?: bigint;
  discarded?: bigint;
  waitedMs?: number;
  heldMs?: number;
  frames?: number;
  stats?: ConnectionStats;
  code?: string;
  reason?: string;
  layout?: FrameLayout;
  previous?: FrameLayout;
}

export interface Resources {
  fds: number;
  /** Descriptors of pool objects. */
  poolFds: number;
  /** Mappings of pool objects. */
  pools: number;
  seatPages: number;
  rssAnonBytes: number;
  heapBytes: number;
}

/** What the source answers, whether it is here or in a child. */
export interface SourceCalls {
  create(options: CreateStreamOptions): Promise<StreamState>;
  createAt(at: bigint, options: CreateStreamOptions): Promise<void>;
  open(name: string, options?: OpenStreamOptions): Promise<void>;
  connect(options?: ProducerOptions): Promise<StreamState>;
  listenFor(name: keyof StreamEvents): Promise<void>;
  ignore(name: keyof StreamEvents): Promise<void>;
  post(count?: number, options?: PostOptions): Promise<bigint[]>;
  run(frames: number, fps?: number): Promise<{ frames: number; seconds: number; fps: number }>;
  block(ms: number): Promise<void>;
  readOne(name: string, options?: OpenStreamOptions): Promise<bigint>;
  paint(kind: "noise" | "plain"): Promise<void>;
  halt(): Promise<void>;
  push(bytes: Uint8Array, options?: PostOptions): Promise<bigint>;
  tryPush(bytes: Uint8Array, options?: PostOptions): Promise<PostResult>;
  acquire(options?: WaitOptions): Promise<number>;
  postHeld(handle: number, options?: PostOptions): Promise<bigint>;
  tryPostHeld(handle: number): Promise<PostResult>;
  postHeldAborted(handle: number, ms: number): Promise<bigint>;
  heldInfo(handle: number): Promise<{ released: boolean; length: number }>;
  discardHeld(handle: number): Promise<void>;
  reset(on?: "producer" | "stream"): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  setMetadata(block: number, offset: number, bytes: Uint8Array): Promise<void>;
  setUserInfo(info: UserInfo): Promise<void>;
  updateInfo(info: StreamMetadata): Promise<void>;
  info(on?: "producer" | "stream"): Promise<StreamInfo>;
  consumers(): Promise<readonly (ConnectedConsumer | undefined)[]>;
  query<Name extends keyof StreamAttributes>(name: Name): Promise<StreamAttributes[Name]>;
  setAttribute(name: SettableAttribute, value: number): Promise<void>;
  userInfoOf(connection: bigint): Promise<UserInfo>;
  flush(options?: WaitOptions): Promise<void>;
  reconfigure(frame: FrameSpec): Promise<void>;
  layout(): Promise<FrameLayout>;
  closeInput(options?: WaitOptions): Promise<void>;
  evict(connection: bigint, reason?: string): Promise<void>;
  stop(): Promise<void>;
  closeProducer(): Promise<void>;
  close(): Promise<void>;
  state(): Promise<StreamState>;
  addresses(): Promise<string[]>;
  flushLinks(): Promise<void>;
  stats(): Promise<ProducerStats>;
  events(): Promise<SourceEvent[]>;
  resources(): Promise<Resources>;
}

export class Source {
  stream: Stream;
  producer: Producer;
}
