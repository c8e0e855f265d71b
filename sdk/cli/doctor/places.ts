/** Where streams are made and looked for: the same order as in native/core/runtime_dir.cpp. */
import type { Machine } from "./machine.ts";

export type PlaceKey = "option" | "env" | "xdg" | "system" | "user";

export interface Place {
  key: PlaceKey;
  path: string;
  /** Where the path comes from, for a person. */
  origin: string;
  /** Named by the user: nothing else is tried when it cannot be used. */
  chosen: boolean;
}

/** With `runtimeDir` only that one. */
export function placesOf(machine: Machine, runtimeDir: string | undefined): Place[] {
  if (runtimeDir !== undefined) return [{ key: "option", path: runtimeDir, origin: "--runtime-dir", chosen: true }];
  const places: Place[] = [];
  const env = machine.env["EDGESTREAM_RUNTIME_DIR"];
  if (env) places.push({ key: "env", path: env, origin: "EDGESTREAM_RUNTIME_DIR", chosen: true });
  const xdg = machine.env["XDG_RUNTIME_DIR"];
  if (xdg) places.push({ key: "xdg", path: `${xdg}/edgestream`, origin: "XDG_RUNTIME_DIR", chosen: false });
  places.push({ key: "system", path: "/run/edgestream", origin: "of the system", chosen: false });
  places.push({ key: "user", path: `/tmp/edgestream-${machine.uid}`, origin: "of the user", chosen: false });
  return places;
}
