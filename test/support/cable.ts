import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';

/**
 * pass: nothing happens · cut: connections are reset and refused · stall: bytes stand still both ways, connections stay
 * · swallow: what the client says arrives, the answers do not.
 */
export type CableMode = 'pass' | 'cut' | 'stall' | 'swallow';

/** A line between processes and a server, which a test can cut, stall, slow down, or make swallow answers. */
export class Cable {
  private mode: CableMode = 'pass';
  private delayMs = 0;
  private readonly pairs = new Set<{ client: Socket; server: Socket }>();

  private constructor(
    private readonly listener: Server,
    readonly port: number,
  ) {}

  static async to(targetPort: number, host = '127.0.0.1', port = 0): Promise<Cable> {
    const listener = createServer();
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(port, host, resolve);
    });
    const cable = new Cable(listener, (listener.address() as AddressInfo).port);
    listener.on('connection', (client) => cable.connect(client, targetPort, host));
    return cable;
  }

  set(mode: CableMode): void {
    this.mode = mode;
    if (mode === 'cut') this.reset();
    for (const pair of this.pairs) this.flow(pair);
  }

  /** Every chunk arrives so much later, both ways. */
  slow(delayMs: number): void {
    this.delayMs = delayMs;
  }

  /** Resets what is connected now; new connections are welcome. */
  reset(): void {
    for (const { client, server } of this.pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
  }

  get connections(): number {
    return this.pairs.size;
  }

  async close(): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.listener.close(resolve));
  }

  private connect(client: Socket, targetPort: number, host: string): void {
    client.on('error', () => undefined);
    if (this.mode === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const server = createConnection({ port: targetPort, host });
    server.on('error', () => undefined);
    const pair = { client, server };
    this.pairs.add(pair);
    client.on('data', (chunk) => this.pass(chunk, server));
    server.on('data', (chunk) => {
      if (this.mode !== 'swallow') this.pass(chunk, client);
    });
    client.once('close', () => {
      this.pairs.delete(pair);
      server.destroy();
    });
    server.once('close', () => client.destroy());
    this.flow(pair);
  }

  private flow({ client, server }: { client: Socket; server: Socket }): void {
    const move = this.mode === 'stall' ? 'pause' : 'resume';
    client[move]();
    server[move]();
  }

  private pass(chunk: Buffer, to: Socket): void {
    if (this.delayMs === 0) to.write(chunk);
    else setTimeout(() => to.writable && to.write(chunk), this.delayMs);
  }
}
