import pg from 'pg';

/** Channel of the recorder's NOTIFY after each commit. */
export const LOG_CHANNEL = 'affidavit_log';
/** Channel of whoever puts something into the outbox. */
export const OUTBOX_CHANNEL = 'affidavit_outbox';
/** Channel of whoever needs a checkpoint over what is recorded by now. */
export const CHECKPOINT_CHANNEL = 'affidavit_checkpoint';

const LOOK_ANYWAY_MS = 1_000;
const RECONNECT_MS = 1_000;

/**
 * Calls back soon after each commit of the recorder, and once a second in any case: a notification is only a faster way to
 * look, so a lost one, or a database that is away, costs a second and nothing else. Holds one connection of its own.
 */
export class CommitListener {
  private readonly callbacks = new Set<(isNotified: boolean) => void>();
  private readonly ticker: NodeJS.Timeout;
  private client: pg.Client | undefined;
  private retry: NodeJS.Timeout | undefined;
  private connecting: Promise<void>;
  private closed = false;

  /** @param source a connection string, or a pool whose settings are used for one more connection */
  constructor(
    private readonly source: string | pg.Pool,
    private readonly channel: string = LOG_CHANNEL,
  ) {
    this.ticker = setInterval(() => this.fire(false), LOOK_ANYWAY_MS);
    this.connecting = this.connect();
  }

  /**
   * @param callback is told whether somebody notified, or it is merely time to look
   * @returns a function that takes the callback away again
   */
  onCommit(callback: (isNotified: boolean) => void): () => void {
    this.callbacks.add(callback);
    return () => this.callbacks.delete(callback);
  }

  /** Resolves after the first attempt to listen, whether or not it succeeded. */
  async ready(): Promise<void> {
    await this.connecting;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.ticker);
    clearTimeout(this.retry);
    this.callbacks.clear();
    await this.connecting;
    await this.client?.end().catch(() => {});
  }

  private fire(isNotified: boolean): void {
    for (const callback of this.callbacks) callback(isNotified);
  }

  private async connect(): Promise<void> {
    const client = new pg.Client(
      typeof this.source === 'string'
        ? { connectionString: this.source, keepAlive: true, connectionTimeoutMillis: 10_000 }
        : { ...this.source.options, keepAlive: true },
    );
    const lost = () => {
      if (this.client !== client) return;
      this.client = undefined;
      client.end().catch(() => {});
      if (!this.closed) this.retry = setTimeout(() => this.reconnect(), RECONNECT_MS);
    };
    this.client = client;
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', () => this.fire(true));
    try {
      await client.connect();
      await client.query(`LISTEN ${this.channel}`);
      this.fire(false);
    } catch {
      lost();
    }
  }

  private reconnect(): void {
    this.connecting = this.connect();
  }
}
