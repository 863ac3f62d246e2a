// Arrows point one way: apps → delivery, record, streams, spool, platform → ledger → events.
const room = (name) => `^libs/${name}/`;
const only = (name, allowed) => ({
  name: `${name}-imports`,
  severity: 'error',
  comment: `libs/${name} may import only: ${allowed.join(', ') || 'nothing of ours'}`,
  from: { path: room(name) },
  to: { path: '^(libs|apps|test)/', pathNot: [name, ...allowed].map(room) },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: { pathNot: 'generated' }, to: { circular: true } },
    {
      name: 'apps-do-not-import-apps',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^test/' },
    },
    only('events', []),
    only('ledger', ['events']),
    only('platform', ['events']),
    only('spool', ['ledger', 'events']),
    only('streams', ['ledger', 'events']),
    only('record', ['ledger', 'events']),
    only('delivery', ['record', 'ledger', 'events']),
    {
      name: 'pure-rooms',
      severity: 'error',
      comment: 'events and ledger know no framework, store, clock or randomness',
      from: { path: '^libs/(events|ledger)/', pathNot: '\\.spec\\.ts$' },
      to: { path: 'node_modules', pathNot: 'node_modules/zod' },
    },
    {
      name: 'nest-is-wiring',
      severity: 'error',
      from: { path: '^libs/', pathNot: '\\.spec\\.ts$' },
      to: { path: 'node_modules/@nestjs' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(\\.spec\\.ts$|generated)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['development', 'import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
};
