import type { NodeName } from '#events';
import { listNodes, type Queryable } from '#record';

/** A newly enrolled node is read after this time. */
const MAX_AGE_MS = 500;

/** Names of the nodes whose streams are read: enrolled and not revoked, remembered for a moment. */
export class NodeList {
  private names: NodeName[] = [];
  private readAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly db: Queryable,
    private readonly now: () => number = Date.now,
  ) {}

  async read(): Promise<readonly NodeName[]> {
    if (this.now() - this.readAtMs >= MAX_AGE_MS) {
      const nodes = await listNodes(this.db);
      this.names = nodes.filter((node) => node.revokedAt === null).map((node) => node.node);
      this.readAtMs = this.now();
    }
    return this.names;
  }
}
