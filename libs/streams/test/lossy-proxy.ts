import { createConnection, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy before a server that can swallow answers, or cut every connection after a request has passed. */
export class LossyProxy {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  port = 0;
  /** While true, requests pass and answers vanish. */
  swallow = false;
  /** The next request that matches passes; then its connection is cut before the answer. */
  cutAfter: RegExp | undefined;
  /** Requests whose answer was cut off. */
  cuts = 0;

  constructor(private readonly target: number) {}

  async start(): Promise<void> {
    const server = createServer((client) => this.carry(client));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    this.port = typeof address === 'object' && address ? address.port : 0;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  private carry(client: Socket): void {
    const server = createConnection(this.target, '127.0.0.1');
    let cut = false;
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (chunk) => {
      server.write(chunk);
      if (this.cutAfter?.test(chunk.toString('latin1'))) {
        this.cutAfter = undefined;
        cut = true;
      }
    });
    server.on('data', (chunk) => {
      if (cut) {
        this.cuts++;
        client.destroy();
      } else if (!this.swallow) client.write(chunk);
    });
  }
}
