import { createConfig, lintFromString } from '@redocly/openapi-core';

interface Media {
  readonly schema: object;
  example?: unknown;
  examples?: Record<string, { readonly value: unknown }>;
}

interface Body {
  readonly $ref?: string;
  readonly content?: Record<string, Media>;
}

export interface OperationObject {
  readonly operationId: string;
  readonly description: string;
  readonly security: readonly object[];
  readonly parameters?: readonly { readonly $ref?: string; readonly name?: string; readonly in?: string }[];
  readonly requestBody?: Body & { readonly required: boolean };
  readonly responses: Record<string, Body>;
}

export interface OpenapiDocument {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Record<string, Record<string, OperationObject>>;
  readonly components: {
    readonly schemas: Record<string, Record<string, unknown>>;
    readonly responses: Record<string, Body>;
  };
}

/** `METHOD /path` of every operation, by its `operationId`. */
export function operationsOf({
  paths,
}: OpenapiDocument): Map<string, { method: string; path: string } & OperationObject> {
  return new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [
        operation.operationId,
        { method: method.toUpperCase(), path, ...operation },
      ]),
    ),
  );
}

/** What an OpenAPI linter finds, warnings among it; examples that do not fit their schema too. */
export async function lint(document: object): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended'] });
  const problems = await lintFromString({ source: JSON.stringify(document), config });
  return problems.map(
    ({ severity, ruleId, message, location }) => `${severity} ${ruleId} ${location[0]?.pointer}: ${message}`,
  );
}

/** One answer of a service to an operation. */
export interface Answered {
  readonly operationId: string;
  readonly status: number;
  readonly body: unknown;
}

/** The document with these answers as its examples: what its own schemas do not allow, `lint` finds. */
export function withAnswers(document: OpenapiDocument, answers: readonly Answered[]): OpenapiDocument {
  const copy = structuredClone(document);
  const operations = operationsOf(copy);
  for (const [at, { operationId, status, body }] of answers.entries()) {
    const { responses } = operations.get(operationId)!;
    const key = String(status) in responses ? String(status) : 'default';
    const { $ref } = responses[key]!;
    const answer = $ref === undefined ? responses[key]! : copy.components.responses[$ref.split('/').at(-1)!]!;
    exampleOf(answer, `answer${at}`, body);
  }
  return copy;
}

/** The document with these bodies as examples of an operation's request. */
export function withRequests(
  document: OpenapiDocument,
  operationId: string,
  bodies: readonly unknown[],
): OpenapiDocument {
  const copy = structuredClone(document);
  const { requestBody } = operationsOf(copy).get(operationId)!;
  for (const [at, body] of bodies.entries()) exampleOf(requestBody!, `body${at}`, body);
  return copy;
}

function exampleOf({ content }: Body, name: string, value: unknown): void {
  const media = content?.['application/json'];
  if (media === undefined) throw new Error(`no JSON is described for ${name}`);
  delete media.example;
  media.examples = { ...media.examples, [name]: { value } };
}
