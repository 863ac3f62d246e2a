/** `describe` for tests that drive one of PostgreSQL's own clients; left out, by name, where it cannot be had. */
export function describeWith(client: 'psql' | 'pgbench' | 'pg_dump', name: string, tests: () => void): void {
  const isThere = (process.env.TEST_CLIENTS ?? '').split(' ').includes(client);
  if (isThere) describe(name, tests);
  else describe.skip(`${name} (${client} is not installed)`, tests);
}
