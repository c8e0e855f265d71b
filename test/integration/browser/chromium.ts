/** A real browser without a screen, a server for the built modules and the test page, and calls into that page. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const html = '<!doctype html><meta charset="utf-8"><title>test</title><script type="module" src="/page.mjs"></script>';
const types: Record<string, string> = { ".js": "text/javascript", ".mjs": "text/javascript", ".html": "text/html" };

/** The browser's own picture of WebGL is a software one. */
export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env["EDGESTREAM_CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--enable-unsafe-swiftshader"],
  });

function content(path: string): string | Buffer | undefined {
  if (path === "/") return html;
  if (path === "/page.mjs") return readFileSync(join(root, "test/integration/browser/page.mjs"));
  if (!path.startsWith("/dist/") || normalize(path) !== path) return undefined;
  return readFileSync(join(root, path));
}

export async function serve(): Promise<{ server: Server; url: string }> {
  const server = createServer(({ url = "/" }, response) => {
    try {
      const body = content(url);
      response.writeHead(body === undefined ? 404 : 200, { "content-type": types[extname(url)] ?? "text/html" });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

/** What the page's functions return; which of it is there depends on the function. */
export interface Answer {
  error?: { code: string; reason?: string; message: string };
  state: string;
  cause: string;
  told: string[];
  stats: Record<string, string | number>;
  drawn: boolean;
  number: string;
  skipped: string;
  isNew: boolean;
  width: number;
  height: number;
  pixels: string;
  glError: number;
  frames: { number: number; skipped: number; first: number }[];
}

/** Runs `window.edge.<name>(...args)` in the page. */
export function call(page: Page, name: string, ...args: unknown[]): Promise<Answer> {
  return page.evaluate(`window.edge[${JSON.stringify(name)}](...${JSON.stringify(args)})`);
}
