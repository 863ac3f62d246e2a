// Writes docs/reference/ from the code: settings, error codes, events, commands. With --check it writes nothing and fails if
// a page differs from what the code says. Reads dist/ (npm run build) and the sources.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const note = (source) => `<!-- Made by scripts/docs.mjs from ${source}. Change that, then run: npm run docs -->\n`;

const openApi = await openApiDocument();
/** By their place in the repository. */
const pages = {
  'docs/reference/config.md': await configPage(),
  'docs/reference/errors.md': errorsPage(),
  'docs/reference/events.md': await eventsPage(),
  'docs/reference/cli.md': await cliPage(),
  'docs/reference/openapi.json': `${JSON.stringify(openApi, null, 1)}\n`,
  'apps/cli/src/generated/api.ts': await clientTypes(openApi),
};

if (process.argv.includes('--check')) {
  const stale = Object.entries(pages).filter(([name, text]) => {
    const file = join(root, name);
    return !existsSync(file) || readFileSync(file, 'utf8') !== text;
  });
  if (stale.length > 0) {
    process.stderr.write(`out of date: ${stale.map(([name]) => name).join(', ')}. Run: npm run docs\n`);
    process.exit(1);
  }
} else {
  for (const [name, text] of Object.entries(pages)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

function cell(text) {
  return String(text ?? '')
    .replaceAll('|', '\\|')
    .replaceAll('\n', ' ');
}

function tableOf(head, rows) {
  const lines = [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`];
  for (const row of rows) lines.push(`| ${row.map(cell).join(' | ')} |`);
  return `${lines.join('\n')}\n`;
}

async function configPage() {
  const { SETTINGS, POLICY_SCHEMA, toJsonSchema } = await import('../dist/libs/platform/src/docs.js');
  let text = `${note('libs/platform/src/config.ts and policy.ts')}
# Settings

Read once at the start of each process, from the environment. An unknown \`AFFIDAVIT_*\` variable or a bad combination stops the
start and says what to do. \`affidavit config show\` prints those in force, with secrets masked. An empty variable counts as unset.
Sizes are written \`16MiB\`, durations \`24h\`.
`;
  for (const group of new Set(SETTINGS.map((one) => one.group))) {
    const rows = SETTINGS.filter((one) => one.group === group).map((one) => [
      `\`${one.env}\``,
      one.secret ? 'secret' : (one.unit ?? 'text'),
      one.defaultText === undefined ? '–' : `\`${one.defaultText}\``,
      one.reason,
    ]);
    text += `\n## ${group}\n\n${tableOf(['variable', 'kind', 'default', 'for'], rows)}`;
  }
  text += `
# affidavit.yaml

Identities, their tokens, connections and destinations. \`AFFIDAVIT_CONFIG\` names the file; it is reloaded on change. An error names file, line,
path and remedy, and leaves the policy in force that was there before. Unknown keys are errors.

${tableOf(['path', 'type', 'default', ''], policyRows(toJsonSchema(POLICY_SCHEMA)))}`;
  return text;
}

function policyRows(schema, path = '', required = true) {
  const name =
    path === ''
      ? []
      : [
          [
            `\`${path}\``,
            typeOf(schema),
            defaultOf(schema),
            [required && schema.default === undefined ? 'Required.' : '', schema.description].filter(Boolean).join(' '),
          ],
        ];
  const inner = unwrap(schema);
  if (inner.type === 'object' && inner.properties) {
    const rows = Object.entries(inner.properties).flatMap(([key, value]) =>
      policyRows(value, path === '' ? key : `${path}.${key}`, inner.required?.includes(key) ?? false),
    );
    return [...name, ...rows];
  }
  if (inner.type === 'array' && unwrap(inner.items ?? {}).properties) {
    return [...name, ...policyRows(inner.items, `${path}[]`, true).slice(1)];
  }
  if (inner.type === 'array' && inner.items?.oneOf) return [...name, ...variantRows(inner.items.oneOf, `${path}[]`)];
  if (inner.type === 'object' && inner.additionalProperties) {
    return [...name, [`\`${path}.<name>\``, typeOf(inner.additionalProperties), '', '']];
  }
  return name;
}

/** Rows of an entry that has one of several shapes, told apart by `kind`: what all have in common stands there once. */
function variantRows(variants, path) {
  const rows = variants.map((one) => policyRows(one, path, true).slice(1));
  const kinds = variants.map((one) => `\`${one.properties.kind.const}\``);
  const common = rows[0].filter((row) => rows.every((others) => others.some((other) => `${other}` === `${row}`)));
  const own = rows.flatMap((all, at) =>
    all
      .filter(([name]) => name !== `\`${path}.kind\`` && !common.some(([known]) => known === name))
      .map(([name, type, preset, text]) => [name, type, preset, `Kind ${kinds[at]}: ${text}`]),
  );
  return [[`\`${path}.kind\``, kinds.join(', '), '', 'Required.'], ...common, ...own];
}

function unwrap(schema) {
  return schema.allOf?.[0] ?? schema;
}

function typeOf(given) {
  const schema = unwrap(given);
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum) return schema.enum.map((one) => `\`${one}\``).join(', ');
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants) return [...new Set(variants.map(typeOf))].join(' or ');
  const limit = schema.maxLength ? ` (≤ ${schema.maxLength})` : '';
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`;
  if (schema.type === 'object' && schema.properties && !schema.additionalProperties) {
    const keys = Object.keys(schema.properties);
    return keys.length === 1 ? `\`{ ${keys[0]}: … }\`` : 'mapping';
  }
  return `${schema.kind ?? schema.format ?? schema.type ?? 'any'}${limit}`;
}

function defaultOf(schema) {
  return schema.default === undefined || typeof schema.default === 'object'
    ? ''
    : `\`${JSON.stringify(schema.default)}\``;
}

function sourceFiles(at) {
  if (!existsSync(at)) return [];
  return readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
    const path = join(at, entry.name);
    if (entry.isDirectory())
      return entry.name === 'generated' || entry.name === 'node_modules' ? [] : sourceFiles(path);
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts') ? [path] : [];
  });
}

/** Every `code: 'STAGE_…'` of an error made in the sources, with its first remedy and where it arises. */
function errorsPage() {
  const stages = readFileSync(join(root, 'libs/events/src/errors.ts'), 'utf8')
    .match(/ERROR_STAGES = \[([^\]]*)\]/)[1]
    .match(/[A-Z]+/g);
  const pattern = new RegExp(`['"\`]((?:${stages.join('|')})_[A-Z0-9]+(?:_[A-Z0-9]+)*)['"\`]`, 'g');
  const found = new Map();
  for (const file of ['libs', 'apps'].flatMap((top) => sourceFiles(join(root, top))).sort()) {
    const text = readFileSync(file, 'utf8');
    for (const match of text.matchAll(pattern)) {
      const code = match[1];
      const entry = found.get(code) ?? { code, rooms: new Set(), remedy: undefined };
      entry.rooms.add(relative(root, file).split('/').slice(0, 2).join('/'));
      entry.remedy ??= remedyNear(text, match.index);
      found.set(code, entry);
    }
  }
  let page = `${note('the sources')}
# Error codes

The prefix names the stage at which an error arose. Each carries what happened, what to do next, and whether repeating helps.
PostgreSQL clients see it as SQLSTATE and detail, HTTP clients as \`{ code, detail, remedy }\`.
`;
  for (const stage of stages) {
    const codes = [...found.values()]
      .filter((entry) => entry.code.startsWith(`${stage}_`))
      .sort((a, b) => (a.code < b.code ? -1 : 1));
    if (codes.length === 0) continue;
    page += `\n## ${stage}\n\n${tableOf(
      ['code', 'what to do', 'arises in'],
      codes.map((entry) => [
        `\`${entry.code}\``,
        entry.remedy ?? 'The error itself says what: it depends on the cause.',
        [...entry.rooms].join(', '),
      ]),
    )}`;
  }
  return page;
}

/** The remedy of the same object literal: the nearest one within a dozen lines, values shown as `…`. */
function remedyNear(text, at) {
  const after = text.slice(at, at + 1200).split(/\n\s*}\)?;?\n/)[0] ?? '';
  const match = /remedy:\s*\n?\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/.exec(after);
  // Or a row of a table of codes: the text after the code.
  const inRow = /^['"`][A-Z0-9_]+['"`],\s*'((?:[^'\\\n]|\\.)*\.)'/.exec(text.slice(at, at + 600));
  const raw = match?.[1] ?? match?.[2] ?? match?.[3] ?? inRow?.[1];
  return raw
    ?.replace(/\$\{[^}]*\}/g, '…')
    .replace(/\\(['"`])/g, '$1')
    .replace(/\\n.*/s, '');
}

async function eventsPage() {
  const { EVENT_DATA, ENVELOPE_VERSION } = await import('../dist/libs/events/src/index.js');
  const { toJsonSchema } = await import('../dist/libs/platform/src/docs.js');
  let page = `${note('libs/events/src/event.ts')}
# Events

Envelope version ${ENVELOPE_VERSION}: \`v\`, \`id\` (\`<epoch>.<seq>\`), \`type\`, \`time\` (UTC, six digits), \`node\`, \`epoch\`, \`seq\`, \`class\`
(retention), and, where they apply, \`session\`, \`identity\`, \`connection\`; \`data\` by type, below. The canonical bytes (RFC 8785,
integers only) are what is hashed, stored and exported. Changes within a version only add members.
`;
  for (const [type, schema] of Object.entries(EVENT_DATA)) {
    const json = toJsonSchema(schema);
    const rows = Object.entries(json.properties ?? {}).map(([key, value]) => [
      `\`${key}\``,
      memberType(value),
      json.required?.includes(key) ? '' : 'optional',
    ]);
    page += `\n## ${type}\n\n${rows.length > 0 ? tableOf(['member', 'type', ''], rows) : 'No members.\n'}`;
  }
  return page;
}

function memberType(schema) {
  if (schema.properties)
    return `{ ${Object.keys(schema.properties)
      .map((key) => (schema.required?.includes(key) ? key : `${key}?`))
      .join(', ')} }`;
  if (schema.enum) return schema.enum.map((one) => `\`${one}\``).join(', ');
  if (schema.anyOf) return schema.anyOf.map(memberType).join(' or ');
  if (schema.type === 'array') return `list of ${memberType(schema.items)}`;
  if (schema.pattern?.startsWith('^[0-9a-f]{64}')) return 'SHA-256, hex';
  if (schema.pattern?.startsWith('^[0-9a-f]{16}')) return 'epoch';
  if (schema.pattern?.startsWith('^(19')) return 'instant';
  if (schema.type === 'string') return schema.maxLength ? `text (≤ ${schema.maxLength})` : 'text';
  return schema.type ?? 'any';
}

async function openApiDocument() {
  await import('reflect-metadata');
  const [{ CONTROLLERS }, { describeApi }] = await Promise.all([
    import('../dist/apps/api/src/api.js'),
    import('../dist/apps/api/src/openapi.js'),
  ]);
  return describeApi(CONTROLLERS);
}

/** Types of all that the API takes and answers, for the command line's client. */
async function clientTypes(document) {
  const { default: openapiTS, astToString } = await import('openapi-typescript');
  const types = astToString(await openapiTS(document, { alphabetize: true }));
  return `// Made by scripts/docs.mjs from docs/reference/openapi.json. Change the API, then run: npm run docs\n${types}`;
}

async function cliPage() {
  const { buildProgram } = await import('../dist/apps/cli/src/program.js');
  const program = buildProgram();
  let page = `${note('apps/cli/src')}
# affidavit

\`npx affidavit <command>\`. Every command with an answer takes \`--json\`. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not reachable
or not ready. Commands that ask the API use AFFIDAVIT_API_KEY, else the key that the first start left in AFFIDAVIT_DATA.
`;
  const walk = (command, names) => {
    const children = command.commands.filter((child) => child.name() !== 'help');
    if (children.length > 0) {
      for (const child of children) walk(child, [...names, child.name()]);
      return;
    }
    const help = command.createHelp();
    const usage = command.registeredArguments
      .map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`))
      .join(' ');
    page += `\n## affidavit ${[...names, usage].filter(Boolean).join(' ')}\n\n${command.description()}\n`;
    const rows = [
      ...command.registeredArguments.map((one) => [`\`${one.name()}\``, one.description]),
      ...help
        .visibleOptions(command)
        .filter((one) => one.long !== '--help')
        .map((one) => [
          `\`${one.flags}\``,
          `${one.description}${one.defaultValue === undefined ? '' : ` (default ${one.defaultValue})`}${one.mandatory ? ' (required)' : ''}`,
        ]),
    ];
    if (rows.length > 0) page += `\n${tableOf(['', ''], rows)}`;
  };
  walk(program, []);
  return page;
}
