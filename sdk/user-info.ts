/** What an endpoint tells the other side about itself: a small map of strings, which travels as JSON. */
import { native, StreamError } from "./base/errors.ts";
import type { UserInfo } from "./base/types.ts";

interface Endpoint {
  setUserInfo(text: string): void;
}

/** Checked here, for JavaScript's callers; the core bounds the bytes. */
export function setUserInfo(endpoint: Endpoint, info: UserInfo): void {
  const isMap = typeof info === "object" && info !== null && !Array.isArray(info);
  if (!isMap || Object.values(info).some((value) => typeof value !== "string")) {
    throw new StreamError("ERR_BAD_PARAMETER", "userInfo: expected an object whose values are strings");
  }
  native(() => endpoint.setUserInfo(JSON.stringify(info)));
}

/** For a native object that was just made; it is closed again when the map is refused. */
export function withUserInfo<T extends Endpoint & { close(): void }>(endpoint: T, info: UserInfo | undefined): T {
  if (info === undefined) return endpoint;
  try {
    setUserInfo(endpoint, info);
  } catch (error) {
    endpoint.close();
    throw error;
  }
  return endpoint;
}

/** Another program wrote the text, so it may be anything; what is no map of strings says nothing. */
export function parseUserInfo(text: string): UserInfo {
  if (text === "") return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return {};
    return Object.fromEntries(Object.entries(parsed).filter(([, value]) => typeof value === "string"));
  } catch {
    return {};
  }
}
