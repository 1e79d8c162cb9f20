import { z } from 'zod';
import { type AnswerName, componentSchemas, type RequestName, refTo } from './openapi-components.ts';
import { ANSWER_EXAMPLES, REQUEST_EXAMPLES } from './openapi-examples.ts';
import { OPERATIONS, type Operation, type Refused, type Tag } from './openapi-operations.ts';

export interface DocumentOptions {
  /** Of the service. */
  readonly version: string;
  /** Path below which the service is reached from outside; empty: at the root of its host. */
  readonly basePath: string;
}

const TAGS: Readonly<Record<Tag, string>> = {
  Deliveries: 'What comes in: alerts and predictions. Each gets a decision.',
  Record: 'What is known, what was decided and what was done.',
  Approval: 'Answers to executions that wait for confirmation.',
  Operations: 'The kill switch and the state of automation.',
  Service: 'Health, metrics, configuration.',
};

const DESCRIPTION = `Forestall closes the loop between a forecast and its fix: predictions and alerts come in, are decided on, and playbooks run under guards.

Answers are JSON; times are ISO 8601 in UTC, durations are seconds unless the name says days, sizes are bytes. Every answer that says no is a \`Problem\`. Where a token is configured, every operation but health and readiness wants one that is good for it: \`webhook\`, \`read\` or \`operate\`, which is good for all.`;

/** What each refusal means: its status says the same wherever it stands. */
const REFUSALS: Readonly<Record<Refused | 'Refusal', { readonly description: string; readonly schema: AnswerName }>> = {
  BadRequest: { description: 'The query or the body cannot be used; the issues say where.', schema: 'Problem' },
  NotFound: { description: 'There is no such execution, or no output of that phase.', schema: 'Problem' },
  Conflict: { description: 'It does not wait for an answer, or a gate refuses it now.', schema: 'Conflict' },
  TooLarge: { description: 'The body is over `web.max_body_bytes`, or holds over 10,000 entries.', schema: 'Problem' },
  UnsupportedMediaType: { description: 'The content type is not `application/json`.', schema: 'Problem' },
  Unavailable: { description: 'The store is not available, or the service stops: try again.', schema: 'Problem' },
  Refusal: {
    description:
      'Any other refusal: no valid token (401), a token that is not good for this or a page of another origin (403), a fault of the service (500).',
    schema: 'Problem',
  },
};

/** The OpenAPI 3.1 document of the API. */
export function openapiDocument({ version, basePath }: DocumentOptions): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of OPERATIONS) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: onPaper(operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Forestall',
      version,
      summary: 'Fixes what a forecast says will break.',
      description: DESCRIPTION,
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: basePath === '' ? '/' : basePath, description: 'The host that this document came from.' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: componentSchemas(),
      parameters: { ExecutionId: EXECUTION_ID, IfNoneMatch: IF_NONE_MATCH },
      headers: { ETag: ETAG },
      responses: {
        ...Object.fromEntries(
          Object.entries(REFUSALS).map(([name, { description, schema }]) => [name, { description, ...jsonOf(schema) }]),
        ),
        NotModified: { description: 'Nothing has changed since the answer with that tag.', headers: ETAG_HEADER },
      },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'The token.' },
        basic: { type: 'http', scheme: 'basic', description: 'Any name, and the token as password: for browsers.' },
      },
    },
  };
}

const EXECUTION_ID = {
  name: 'id',
  in: 'path',
  required: true,
  description: '`id` of an execution.',
  schema: { type: 'string', pattern: '^[\\w.-]{1,128}$' },
};
const IF_NONE_MATCH = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: 'The `ETag` of an earlier answer to the same request.',
  schema: { type: 'string' },
};
const ETAG = { description: 'Changes where the answer changes.', schema: { type: 'string' } };
const ETAG_HEADER = { ETag: { $ref: '#/components/headers/ETag' } };

function onPaper(operation: Operation): object {
  const { operationId, tag, summary, description, role, body } = operation;
  const parameters = parametersOf(operation);
  return {
    operationId,
    tags: [tag],
    summary,
    description: role === null ? description : `${description}\n\nRole of the token: \`${role}\`.`,
    security: role === null ? [] : [{ bearer: [] }, { basic: [] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === undefined ? {} : { requestBody: { required: body.required, ...requestOf(body.name) } }),
    responses: responsesOf(operation),
  };
}

function parametersOf({ path, query, tagged }: Operation): readonly object[] {
  const parameters: object[] = [];
  if (path.includes('{id}')) parameters.push({ $ref: '#/components/parameters/ExecutionId' });
  if (query !== undefined) {
    // What a parameter is once it is read: on the wire it is the text of that.
    const { properties = {} } = z.toJSONSchema(query, { io: 'output' });
    for (const [name, schema] of Object.entries(properties)) {
      const { description, ...rest } = schema as { description?: string };
      parameters.push({ name, in: 'query', required: false, description, schema: rest });
    }
  }
  if (tagged) parameters.push({ $ref: '#/components/parameters/IfNoneMatch' });
  return parameters;
}

function responsesOf({ answer, tagged, role, refused }: Operation): object {
  const content =
    'json' in answer
      ? jsonOf(answer.json)
      : { content: { [answer.text]: { schema: { type: 'string' }, example: answer.example } } };
  const refusals = Object.entries(refused).map(([status, name]) => [status, responseRef(name!)]);
  return {
    200: { description: 'Done.', ...(tagged ? { headers: ETAG_HEADER } : {}), ...content },
    ...(tagged ? { 304: responseRef('NotModified') } : {}),
    ...Object.fromEntries(refusals),
    ...(role === null
      ? { '4XX': responseRef('Refusal') }
      : { 401: responseRef('Refusal'), 403: responseRef('Refusal') }),
    default: responseRef('Refusal'),
  };
}

function responseRef(name: Refused | 'Refusal' | 'NotModified'): object {
  return { $ref: `#/components/responses/${name}` };
}

function jsonOf(name: AnswerName): object {
  const example = ANSWER_EXAMPLES[name];
  return { content: { 'application/json': { schema: refTo(name), ...(example === undefined ? {} : { example }) } } };
}

function requestOf(name: RequestName): object {
  const given: Readonly<Record<string, unknown>> = REQUEST_EXAMPLES[name] ?? {};
  const examples = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, { value }]));
  return { content: { 'application/json': { schema: refTo(name), examples } } };
}
