/** Keys as they come from a terminal in raw mode, by what they mean here. */
import { emitKeypressEvents, type Interface } from "node:readline";
import type { Key } from "./view.ts";

const names: Readonly<Record<string, Key>> = {
  up: "up",
  down: "down",
  pageup: "pageup",
  pagedown: "pagedown",
  home: "home",
  end: "end",
  left: "left",
  right: "right",
  return: "open",
  enter: "open",
  escape: "back",
  backspace: "back",
  space: "pause",
};

const signs: Readonly<Record<string, Key>> = {
  k: "up",
  j: "down",
  s: "right",
  S: "left",
  ">": "right",
  "<": "left",
  r: "reverse",
  p: "pause",
  "+": "slower",
  "=": "slower",
  "-": "faster",
  "?": "help",
  h: "help",
  q: "quit",
};

/** Node's description of a key press. */
export interface KeyPress {
  name?: string | undefined;
  sequence?: string | undefined;
  ctrl?: boolean | undefined;
}

export function keyOf({ name, sequence, ctrl }: KeyPress): Key | "suspend" {
  if (ctrl) return name === "c" ? "quit" : name === "z" ? "suspend" : "other";
  return signs[sequence ?? ""] ?? names[name ?? ""] ?? "other";
}

/** After a lone Esc Node waits half a second for the rest of a sequence; a terminal sends it in one piece. */
const escapeMs = 50;

export function listenForKeys(input: NodeJS.ReadStream, onKey: (key: Key | "suspend") => void): () => void {
  // Of a readline interface only this field is read.
  emitKeypressEvents(input, { escapeCodeTimeout: escapeMs } as unknown as Interface);
  const listener = (_text: string | undefined, press: KeyPress) => {
    onKey(keyOf(press));
  };
  input.on("keypress", listener);
  input.resume();
  return () => {
    input.off("keypress", listener);
    input.pause();
  };
}
