import type pg from 'pg';
import type { Queryable } from './pool.js';

/** The group roles that the migrations make, one for each kind of process. */
export const RECORD_ROLES = [
  'affidavit_api',
  'affidavit_forwarder',
  'affidavit_recorder',
  'affidavit_retention',
] as const;
export type RecordRole = (typeof RECORD_ROLES)[number];

/** The processes that have a login of their own, and the roles it is a member of. */
export const LOGIN_ROLES = {
  api: ['affidavit_api'],
  forwarder: ['affidavit_forwarder'],
  // The recorder carries out retention; the database itself judges what may go.
  recorder: ['affidavit_recorder', 'affidavit_retention'],
} as const satisfies Record<string, readonly RecordRole[]>;
export type LoginOwner = keyof typeof LOGIN_ROLES;
export const LOGIN_OWNERS = Object.keys(LOGIN_ROLES) as LoginOwner[];

/** Name of the login that `affidavit up` makes for a process, and that the deployment files use. */
export function loginName(owner: LoginOwner): string {
  return `affidavit_login_${owner}`;
}

/** What an administrator of the server runs where the owner of the database may not make roles. */
export function rolesSql(): string {
  return [
    '-- Once for the server, by a superuser or a role with CREATEROLE. Then run `affidavit migrate` as the owner of the database.',
    ...RECORD_ROLES.map((role) => `CREATE ROLE ${role} NOLOGIN;`),
    '-- A login for each process; its DATABASE_URL names it. Choose the passwords.',
    ...LOGIN_OWNERS.map(
      (owner) => `CREATE ROLE ${loginName(owner)} LOGIN PASSWORD '…' IN ROLE ${LOGIN_ROLES[owner].join(', ')};`,
    ),
  ].join('\n');
}

/**
 * Makes the login of a process, or gives the one that is there this password. Needs the right to make roles.
 * @returns its name
 */
export async function ensureLogin(
  client: pg.Client | pg.PoolClient,
  owner: LoginOwner,
  password: string,
): Promise<string> {
  const name = loginName(owner);
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [name]);
  const quoted = client.escapeLiteral(password);
  await client.query(`${rowCount ? 'ALTER' : 'CREATE'} ROLE ${name} LOGIN PASSWORD ${quoted}`);
  await client.query(`GRANT ${LOGIN_ROLES[owner].join(', ')} TO ${name}`);
  return name;
}

/** With more rights than its work needs a process could change the record. */
export interface ExcessRights {
  user: string;
  why: 'a superuser' | 'the owner of the record';
}

/** Whether the role of this connection could change what is recorded; undefined where it could not. */
export async function findExcessRights(db: Queryable): Promise<ExcessRights | undefined> {
  const { rows } = await db.query<{ user: string; isSuperuser: boolean; isOwner: boolean }>(
    `SELECT current_user AS "user", r.rolsuper AS "isSuperuser",
            EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('event') AND pg_has_role(r.oid, relowner, 'MEMBER')) AS "isOwner"
       FROM pg_roles r WHERE r.rolname = current_user`,
  );
  const [role] = rows;
  if (!role || !(role.isSuperuser || role.isOwner)) return undefined;
  return { user: role.user, why: role.isSuperuser ? 'a superuser' : 'the owner of the record' };
}

/** {@link findExcessRights} as a health check, for which nobody is turned away: it is said, and the process goes on. */
export async function excessRightsTrouble(
  db: Queryable,
  owner: LoginOwner,
): Promise<{ reason: string; remedy: string } | undefined> {
  const excess = await findExcessRights(db);
  return (
    excess && {
      reason: `it connects to PostgreSQL as '${excess.user}', ${excess.why}, and could change what is recorded`,
      remedy: `Give it a login that is a member of ${LOGIN_ROLES[owner].join(' and ')} only (docs/retention.md, "Roles"), and name that in its DATABASE_URL.`,
    }
  );
}
