import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { z } from 'zod';
import { OPERATION, type OperationFacts } from './access.guard.js';
import * as answers from './answers.js';
import { EXAMPLES } from './generated/examples.js';

// The document is read off what the routes themselves are made of: their decorators, and the schemas that judge requests. A test holds
// the running server to it.

type JsonSchema = Record<string, unknown>;

export interface OpenApiDocument {
  openapi: string;
  info: object;
  servers: object[];
  security: object[];
  tags: object[];
  paths: Record<string, Record<string, OpenApiOperation>>;
  components: { schemas: Record<string, JsonSchema>; securitySchemes: object };
}

export interface OpenApiOperation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security?: object[];
  parameters: {
    name: string;
    in: string;
    required: boolean;
    schema: JsonSchema;
    description?: string;
    example?: unknown;
  }[];
  requestBody?: { required: boolean; content: Record<string, { schema: JsonSchema; example?: unknown }> };
  responses: Record<string, OpenApiResponse>;
}

interface OpenApiResponse {
  description: string;
  headers?: object;
  content?: Record<string, { schema: JsonSchema; example?: unknown }>;
}

/** A request as it was made, and the answer that came; lists cut to one entry. */
export interface Example {
  parameters?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  answer?: unknown;
}

const PROBLEM_EXAMPLE = {
  type: 'urn:affidavit:error:RECORD_CURSOR_INVALID',
  title: 'RECORD_CURSOR_INVALID',
  status: 400,
  detail: 'the cursor is not one that this log gave out for these filters',
  code: 'RECORD_CURSOR_INVALID',
  remedy: 'Take the cursor from the answer before, unchanged and with the same filters, or begin without one.',
};

/** As Nest numbers them (`RouteParamtypes`, which it does not export). */
const PLACES: Record<string, 'body' | 'query' | 'path'> = { 3: 'body', 4: 'query', 5: 'path' };

interface RouteArgument {
  place: 'body' | 'query' | 'path';
  name: string | undefined;
  schema: z.ZodType;
}

/** OpenAPI 3.1 of these controllers. */
export function describeApi(controllers: readonly Type[]): OpenApiDocument {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(answers)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}`, io: 'output', override: plainly });
  const schemas = Object.fromEntries(Object.entries(made.schemas).map(([id, schema]) => [id, bare(schema)]));
  const nameOf = (schema: z.ZodType) => registry.get(schema)?.id;

  const paths: OpenApiDocument['paths'] = {};
  const tags = new Set<string>();
  for (const controller of controllers) {
    const tag = tagOf(controller);
    tags.add(tag);
    for (const [name, handler] of handlersOf(controller)) {
      const facts = Reflect.getMetadata(OPERATION, handler) as OperationFacts | undefined;
      if (!facts) continue;
      const path = pathOf(controller, handler);
      const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod].toLowerCase();
      paths[path] = {
        ...paths[path],
        [method]: operationOf(`${tag}.${name}`, tag, method, facts, argumentsOf(controller, name), nameOf),
      };
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Affidavit: audit-log API',
      version: '1',
      description:
        'The sworn record of what AI agents do to infrastructure. Positions and other large numbers are strings; instants are UTC with six digits of a second. Reading evidence is itself on the record.',
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    tags: [...tags].sort().map((name) => ({ name })),
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      schemas,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key: afd_<prefix>_<secret>.' },
      },
    },
  };
}

function operationOf(
  operationId: string,
  tag: string,
  method: string,
  facts: OperationFacts,
  given: RouteArgument[],
  nameOf: (schema: z.ZodType) => string | undefined,
): OpenApiOperation {
  const { summary, role, status = 200, answer, alsoAs = [], keepsLimits, reads } = facts;
  const example = EXAMPLES[operationId];
  const said = [
    facts.description,
    role === 'public' ? 'Needs no key.' : `Needs a key with the role ${role}.`,
    role === 'public' || keepsLimits ? undefined : 'To a key with limits it is not there.',
    reads === undefined ? undefined : 'That it was read is on the record before it answers.',
  ];
  const parameters = given.flatMap(({ place, name, schema }) => {
    if (place === 'path') return [parameterOf('path', name ?? '', true, schemaOf(schema), example?.parameters)];
    if (place !== 'query') return [];
    const { properties = {}, required = [] } = schemaOf(schema) as {
      properties?: Record<string, JsonSchema>;
      required?: string[];
    };
    return Object.entries(properties).map(([each, property]) =>
      parameterOf('query', each, required.includes(each), property, example?.query),
    );
  });
  const body = given.find(({ place }) => place === 'body')?.schema;
  const answered = answer && { $ref: `#/components/schemas/${nameOf(answer)}` };
  const isRead = method === 'get' && role !== 'public';
  return {
    operationId,
    summary,
    description: said.filter((one) => one !== undefined).join(' '),
    tags: [tag],
    ...(role === 'public' ? { security: [] } : {}),
    parameters,
    ...(body
      ? {
          requestBody: {
            required: !body.safeParse(undefined).success,
            content: { 'application/json': { schema: schemaOf(body), ...exampleOf(example?.body) } },
          },
        }
      : {}),
    responses: {
      [status]: {
        description: 'Done.',
        ...(isRead ? { headers: READ_HEADERS } : {}),
        ...(answered
          ? {
              content: {
                'application/json': { schema: answered, ...exampleOf(example?.answer) },
                ...Object.fromEntries(alsoAs.map((form) => [form, { schema: { type: 'string' } }])),
              },
            }
          : {}),
      },
      ...(isRead && answer ? { 304: { description: 'What `If-None-Match` names is still the answer.' } } : {}),
      default: {
        description: 'Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again.',
        headers: { 'retry-after': { schema: { type: 'integer' }, description: 'Seconds.' } },
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' }, example: PROBLEM_EXAMPLE },
        },
      },
    },
  };
}

const READ_HEADERS = {
  etag: { schema: { type: 'string' }, description: 'For `If-None-Match`.' },
  'ratelimit-limit': { schema: { type: 'integer' }, description: 'Requests that the key may make at once.' },
  'ratelimit-remaining': { schema: { type: 'integer' }, description: 'Of them, those that are left.' },
  'ratelimit-reset': { schema: { type: 'integer' }, description: 'Seconds until all of them are there again.' },
};

function parameterOf(
  place: string,
  name: string,
  required: boolean,
  given: JsonSchema,
  examples: Record<string, string> | undefined,
): OpenApiOperation['parameters'][number] {
  const { description, ...schema } = given;
  return {
    name,
    in: place,
    required,
    ...(typeof description === 'string' ? { description } : {}),
    schema,
    ...exampleOf(examples?.[name]),
  };
}

function exampleOf(example: unknown): { example?: unknown } {
  return example === undefined ? {} : { example };
}

/** What is sent: before defaults and units are worked out. */
function schemaOf(schema: z.ZodType): JsonSchema {
  return bare(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', override: plainly }));
}

function bare(schema: object): JsonSchema {
  const { $schema: _, $id: __, '~standard': ___, ...rest } = schema as JsonSchema;
  return rest;
}

/** Without what says nothing: the bounds of a double for every whole number, a page of pattern for every date. */
function plainly({ jsonSchema }: { jsonSchema: JsonSchema }): void {
  if (jsonSchema.format === 'date-time' || jsonSchema.format === 'uuid') delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

function handlersOf(controller: Type): [string, object][] {
  const prototype = controller.prototype as Record<string, unknown>;
  return Object.getOwnPropertyNames(prototype)
    .filter((name) => name !== 'constructor')
    .map((name) => [name, prototype[name] as object]);
}

function argumentsOf(controller: Type, name: string): RouteArgument[] {
  const found = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Record<
    string,
    { index: number; data?: unknown; schema?: z.ZodType }
  >;
  return Object.entries(found)
    .sort(([, a], [, b]) => a.index - b.index)
    .flatMap(([type, { data, schema }]) => {
      const place = PLACES[type.split(':')[0] ?? ''];
      return place && schema ? [{ place, name: typeof data === 'string' ? data : undefined, schema }] : [];
    });
}

function pathOf(controller: Type, handler: object): string {
  const parts = [
    Reflect.getMetadata(PATH_METADATA, controller),
    Reflect.getMetadata(PATH_METADATA, handler),
  ] as string[];
  const path = parts.flatMap((part) => part.split('/')).filter((part) => part !== '');
  return `/${path.join('/')}`.replace(/[:*](\w+)/g, '{$1}');
}

function tagOf(controller: Type): string {
  const name = controller.name.replace(/Controller$/, '');
  return name.charAt(0).toLowerCase() + name.slice(1);
}
