import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { type TestDatabase, testDatabase } from '../../../test/support/servers.js';
import { migrate } from './migrate.js';
import { createPool } from './pool.js';

// The judge is Prisma's own schema engine, in its WASM build: it compares a migrated database with prisma/schema.prisma.

const SCHEMA_FILE = new URL('../../../prisma/schema.prisma', import.meta.url);
const OID_CHAR = 18;

interface DiffAnswer {
  exitCode: number;
  stdout: string | null;
}

interface Engine {
  diff(parameters: unknown): Promise<DiffAnswer>;
  free(): void;
}

interface EngineModule {
  __wbg_set_wasm(wasm: object): void;
  SchemaEngine: {
    new: (options: { datamodels: [string, string][] }, log: () => void, adapter: unknown) => Promise<Engine>;
  };
}

/** Declared in the DOM's types only. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    instantiate(
      bytes: Uint8Array,
      imports: Record<string, unknown>,
    ): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
  };
};

/** The package's own entry imports a .wasm file, which this Node refuses: the module is put together by hand. */
async function loadEngine(): Promise<EngineModule> {
  const require = createRequire(import.meta.url);
  const entry = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const glue = (await import('@prisma/schema-engine-wasm/schema_engine_bg')) as unknown as EngineModule;
  // Without it a panic of the engine ends in a crash that says nothing.
  (globalThis as Record<string, unknown>).PRISMA_WASM_PANIC_REGISTRY = { set_message: () => {} };
  const { instance } = await WebAssembly.instantiate(readFileSync(entry.replace(/\.js$/, '.wasm')), {
    './schema_engine_bg.js': glue,
  });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue;
}

/** The adapter does not know PostgreSQL's catalogue type "char"; relabelled as text in answers it does. */
function adapterFor(url: string): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaPg(url);
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter = await connect();
    const client = adapter.underlyingDriver();
    const query = client.query.bind(client) as (...parameters: unknown[]) => Promise<pg.QueryArrayResult>;
    const charColumns = new WeakMap<object, number[]>();
    client.query = (async (...parameters: unknown[]) => {
      const result = await query(...parameters);
      const found = result.fields.flatMap((field, index) => (field.dataTypeID === OID_CHAR ? [index] : []));
      for (const index of found) result.fields[index]!.dataTypeID = pg.types.builtins.TEXT;
      charColumns.set(result.rows, found);
      return result;
    }) as typeof client.query;
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (sql) => {
      const answer = await queryRaw(sql);
      for (const index of charColumns.get(answer.rows) ?? []) answer.columnTypes[index] = ColumnTypeEnum.Character;
      return answer;
    };
    return adapter;
  };
  return factory;
}

describe('prisma/schema.prisma', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let schema: string;
  let engine: Engine;

  beforeAll(async () => {
    database = await testDatabase();
    pool = createPool(database.url, { applicationName: 'test' });
    await migrate(pool);
    schema = readFileSync(SCHEMA_FILE, 'utf8');
    const { SchemaEngine } = await loadEngine();
    engine = await SchemaEngine.new(
      { datamodels: [['schema.prisma', schema]] },
      () => {},
      bindMigrationAwareSqlAdapterFactory(adapterFor(database.url)),
    );
  }, 60_000);
  afterAll(async () => {
    engine?.free();
    await pool.end();
    await database.drop();
  });

  const modelled = () => new Set([...schema.matchAll(/@@map\("(\w+)"\)/g)].map((match) => match[1]!));

  /** What would have to change for the database to be as the schema says. Tables that only SQL knows are left out. */
  async function drift(): Promise<string> {
    const { rows } = await pool.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`,
    );
    const externalTables = rows.filter(({ name }) => !modelled().has(name)).map(({ name }) => `public.${name}`);
    const { exitCode, stdout } = await engine.diff({
      from: { tag: 'schemaDatasource', files: [{ path: 'schema.prisma', content: schema }], configDir: '/' },
      to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content: schema }] },
      script: true,
      exitCode: true,
      filters: { externalTables, externalEnums: [] },
    });
    return exitCode === 0 ? '' : (stdout ?? `exit code ${exitCode}`);
  }

  it('agrees with the migrated database', async () => {
    expect(modelled().size).toBeGreaterThan(8);
    expect(await drift()).toBe('');
  });

  it('would be found out if it did not', async () => {
    await pool.query('ALTER TABLE session ADD COLUMN stray integer');
    await pool.query('DROP INDEX session_opened');
    const found = await drift();
    expect(found).toContain('DROP COLUMN "stray"');
    expect(found).toContain('CREATE INDEX "session_opened"');
  });
});
