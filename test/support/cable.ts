import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';

/**
 * pass: nothing happens · cut: connections are reset and refused · stall: bytes stand still both ways, connections stay
 * · swallow: what the client says arrives, the answers do not.
 */
export type CableMode = 'pass' | 'cut' | 'stall' | 'swallow';

interface Pair {
  client: Socket;
  server: Socket;
  /** What its client had to say first was said. */
  isArmed: boolean;
}

interface Trap {
  after: string[];
  words: string[];
  mode: CableMode;
  sprung: () => void;
}

/** A line between processes and a server, which a test can cut, stall, slow down, or make swallow answers. */
export class Cable {
  private mode: CableMode = 'pass';
  private delayMs = 0;
  private readonly pairs = new Set<Pair>();
  private trap: Trap | undefined;

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

  /**
   * Waits for a client to say all of `words` in one breath, and goes over to `mode` at that moment: with `swallow` what it said still
   * arrives, with `cut` it does not. Resolves then. Reset the line afterwards: a connection that missed an answer is out of step.
   * @param after where given, only a client counts that said all of this before, on the same connection
   */
  trapOn(words: string[], mode: 'swallow' | 'cut', after: string[] = []): Promise<void> {
    for (const pair of this.pairs) pair.isArmed = false;
    return new Promise((resolve) => {
      this.trap = { after, words, mode, sprung: resolve };
    });
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
    const pair: Pair = { client, server, isArmed: false };
    this.pairs.add(pair);
    client.on('data', (chunk) => {
      if (!this.springTrap(pair, chunk)) this.pass(chunk, server);
    });
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

  /** @returns true where this chunk must not arrive */
  private springTrap(pair: Pair, chunk: Buffer): boolean {
    const { trap } = this;
    if (!trap) return false;
    if (trap.after.length > 0 && !pair.isArmed) {
      pair.isArmed = trap.after.every((word) => chunk.includes(word));
      return false;
    }
    if (!trap.words.every((word) => chunk.includes(word))) return false;
    this.trap = undefined;
    this.set(trap.mode);
    trap.sprung();
    return trap.mode === 'cut';
  }

  private flow({ client, server }: Pair): void {
    const move = this.mode === 'stall' ? 'pause' : 'resume';
    client[move]();
    server[move]();
  }

  private pass(chunk: Buffer, to: Socket): void {
    if (this.delayMs === 0) to.write(chunk);
    else setTimeout(() => to.writable && to.write(chunk), this.delayMs);
  }
}
