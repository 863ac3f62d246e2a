import { createRequire } from 'node:module';
import type { Type } from '@nestjs/common';
import type { Request, RequestHandler, Response } from 'express';
import type { OpenApiDocument } from './openapi.js';

const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Affidavit: audit-log API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div><script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/init.js"></script></body></html>`;
const SCRIPT = `window.ui = SwaggerUIBundle({ url: '/docs/openapi.json', dom_id: '#swagger-ui', deepLinking: true });`;
const FILES = new Set(['swagger-ui.css', 'swagger-ui-bundle.js']);

/** `/docs` and `/docs/openapi.json`, made at the first request for them: a server whose documentation nobody reads does not pay. */
export function docsHandler(controllers: readonly Type[]): RequestHandler {
  let document: Promise<OpenApiDocument> | undefined;
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
    document ??= import('./openapi.js').then(({ describeApi }) => describeApi(controllers));
    return void document.then((found) => response.json(found), next);
  };
}

function swaggerUiFolder(): string {
  return (createRequire(import.meta.url)('swagger-ui-dist') as { getAbsoluteFSPath(): string }).getAbsoluteFSPath();
}
