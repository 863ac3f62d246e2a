import { createRequire } from 'node:module';
import type { INestApplication, Type } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Request, RequestHandler, Response } from 'express';
import { OPERATION, type OperationFacts } from './access.guard.js';
import { Problem } from './answers.js';

const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Affidavit: audit-log API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div><script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/init.js"></script></body></html>`;
const SCRIPT = `window.ui = SwaggerUIBundle({ url: '/docs/openapi.json', dom_id: '#swagger-ui', deepLinking: true });`;
const FILES = new Set(['swagger-ui.css', 'swagger-ui-bundle.js']);

/**
 * `/docs` and `/docs/openapi.json`, made at the first request for them: the document generator costs 20 MB, which a server
 * whose documentation nobody reads does not pay.
 */
export function docsHandler(app: INestApplication, controllers: Type[]): RequestHandler {
  let document: Promise<OpenAPIObject> | undefined;
  let uiFolder: string | undefined;
  return (request: Request, response: Response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    const file = request.path.slice(1);
    if (file === '') return void response.type('html').send(PAGE);
    if (file === 'init.js') return void response.type('js').send(SCRIPT);
    if (FILES.has(file)) {
      uiFolder ??= swaggerUiFolder();
      return void response.sendFile(file, { root: uiFolder });
    }
    if (file !== 'openapi.json') return next();
    document ??= describe(app, controllers);
    return void document.then((found) => response.json(found), next);
  };
}

/** The pages belong to a package that the document generator brings with it. */
function swaggerUiFolder(): string {
  const swagger = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger'));
  return (swagger('swagger-ui-dist') as { getAbsoluteFSPath(): string }).getAbsoluteFSPath();
}

async function describe(app: INestApplication, controllers: Type[]): Promise<OpenAPIObject> {
  const { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags, DocumentBuilder, SwaggerModule } = await import(
    '@nestjs/swagger'
  );
  for (const controller of controllers) {
    const prototype = controller.prototype as Record<string, unknown>;
    ApiTags(controller.name.replace(/Controller$/, '').toLowerCase())(controller);
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
      const facts = name === 'constructor' ? undefined : operationOf(descriptor.value);
      if (!facts) continue;
      const { summary, role, status = 200, answer } = facts;
      const who = role === 'public' ? 'Needs no key.' : `Needs a key with the role ${role}.`;
      const description = facts.description === undefined ? who : `${facts.description} ${who}`;
      const success = { status, description: 'Done.' };
      ApiOperation({ summary, description })(prototype, name, descriptor);
      ApiResponse(answer ? { ...success, standardSchema: answer } : success)(prototype, name, descriptor);
      ApiResponse({
        status: 'default',
        description: 'Refused: problem+json with code and remedy.',
        standardSchema: Problem,
      })(prototype, name, descriptor);
      if (role !== 'public') ApiBearerAuth()(prototype, name, descriptor);
    }
  }
  const about = new DocumentBuilder()
    .setTitle('Affidavit: audit-log API')
    .setDescription(
      'The sworn record of what AI agents do to infrastructure. Positions and other large numbers are strings.',
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key: afd_<prefix>_<secret>.' })
    .build();
  return SwaggerModule.createDocument(app, about);
}

function operationOf(handler: unknown): OperationFacts | undefined {
  return typeof handler === 'function'
    ? (Reflect.getMetadata(OPERATION, handler) as OperationFacts | undefined)
    : undefined;
}
