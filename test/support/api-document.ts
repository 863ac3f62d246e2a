import { z } from 'zod';

/** Members of an OpenAPI document that tests look at. */
export interface ApiDocument {
  paths: Record<string, Record<string, DocumentedOperation>>;
  components: { schemas: Record<string, object> };
}

export interface DocumentedOperation {
  operationId: string;
  parameters: { name: string; in: string; required: boolean; schema: object; example?: unknown }[];
  requestBody?: { content: Record<string, { schema: object; example?: unknown }> };
  responses: Record<string, { content?: Record<string, { schema: object; example?: unknown }> }>;
}

/** What the document says of an answer with this status (else `default`) in this form, as something that judges one. */
export function documentedAnswer(document: ApiDocument, operation: string, status: number): z.ZodType | undefined {
  const [method = '', pattern = ''] = operation.split(' ');
  const { responses } = document.paths[pattern]![method.toLowerCase()]!;
  const { content } = responses[String(status)] ?? responses.default!;
  const schema = content && (content['application/json'] ?? content['application/problem+json'])?.schema;
  return schema && judgeOf(document, schema);
}

/** A schema of the document, with all that it refers to. */
export function judgeOf(document: ApiDocument, schema: object): z.ZodType {
  return z.fromJSONSchema(whole(document, schema) as z.core.JSONSchema.BaseSchema);
}

function whole(document: ApiDocument, node: unknown): unknown {
  if (Array.isArray(node)) return node.map((one) => whole(document, one));
  if (typeof node !== 'object' || node === null) return node;
  const { $ref, ...rest } = node as { $ref?: string };
  if ($ref !== undefined) return whole(document, document.components.schemas[$ref.replace(/^.*\//, '')]);
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, whole(document, value)]));
}
