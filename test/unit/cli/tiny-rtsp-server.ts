/** As much of an RTSP camera as ffmpeg's client needs: one MPEG-2 track, sent inside the TCP connection. */
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

const sdp = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=test", "t=0 0", "m=video 0 RTP/AVP 32", "a=control:track", ""];

export class TinyRtspServer {
  readonly #server = createServer((client) => this.#serve(client));
  readonly #clients = new Set<Socket>();
  /** Settles when a sender's process is gone. */
  readonly #senders: Promise<unknown>[] = [];
  #address = "";
  /** Connections that came so far. */
  connections = 0;

  /** `rtsp://127.0.0.1:port/camera` */
  get url(): string {
    return this.#address;
  }

  async start(port = 0): Promise<void> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#address = `rtsp://127.0.0.1:${(this.#server.address() as AddressInfo).port}/camera`;
  }

  /** The camera loses its connections but can be reached again. */
  drop(): void {
    for (const client of this.#clients) client.destroy();
  }

  async stop(): Promise<void> {
    this.drop();
    this.#server.close();
    await Promise.all(this.#senders);
  }

  #serve(client: Socket): void {
    this.connections += 1;
    this.#clients.add(client);
    let text = "";
    client.on("error", () => undefined);
    client.on("close", () => this.#clients.delete(client));
    client.on("data", (data) => {
      text += data.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const request = text.slice(0, end);
        text = text.slice(end + 4);
        this.#answer(client, request).catch(() => client.destroy());
      }
    });
  }

  async #answer(client: Socket, request: string): Promise<void> {
    const method = /([A-Z_]+) rtsp:/.exec(request)?.[1];
    const sequence = /CSeq: *(\d+)/i.exec(request)?.[1] ?? "0";
    const reply = (headers: string[], body = "") => {
      const length = body === "" ? [] : [`Content-Length: ${body.length}`];
      client.write(["RTSP/1.0 200 OK", `CSeq: ${sequence}`, ...headers, ...length, "", body].join("\r\n"));
    };
    if (method === "DESCRIBE") {
      reply(["Content-Type: application/sdp", `Content-Base: ${this.#address}/`], sdp.join("\r\n"));
    } else if (method === "SETUP") reply(["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 1"]);
    else if (method === "PLAY") {
      reply(["Session: 1"]);
      await this.#send(client);
    } else reply(["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN", "Session: 1"]);
  }

  async #send(client: Socket): Promise<void> {
    const udp = createSocket("udp4");
    udp.bind(0, "127.0.0.1");
    await once(udp, "listening");
    udp.on("message", (packet) => {
      // RFC 2326, 10.12: a dollar sign, the channel, the length, the packet.
      const head = Buffer.from([0x24, 0, packet.length >> 8, packet.length & 0xff]);
      if (!client.destroyed) client.write(Buffer.concat([head, packet]));
    });
    const picture = ["-re", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25"];
    const coded = ["-c:v", "mpeg2video", "-g", "5", "-f", "rtp", `rtp://127.0.0.1:${udp.address().port}?pkt_size=1200`];
    const ffmpeg = spawn("ffmpeg", ["-nostdin", "-loglevel", "quiet", ...picture, ...coded], { stdio: "ignore" });
    this.#senders.push(once(ffmpeg, "exit"));
    const end = () => {
      ffmpeg.kill("SIGKILL");
      udp.close();
    };
    if (client.destroyed) end();
    else client.on("close", end);
  }
}
