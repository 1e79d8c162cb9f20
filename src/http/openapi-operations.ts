import type { z } from 'zod';
import type { AnswerName, RequestName } from './openapi-components.ts';
import { accuracyQuery, decisionsQuery, executionsQuery, modeQuery, outputQuery } from './schemas/queries.ts';
import type { Role } from './token.ts';

export type Tag = 'Deliveries' | 'Record' | 'Approval' | 'Operations' | 'Service';

/** A refusal beyond those that every operation may give. */
export type Refused = 'BadRequest' | 'NotFound' | 'Conflict' | 'TooLarge' | 'UnsupportedMediaType' | 'Unavailable';

/** One route, as the document describes it. */
export interface Operation {
  readonly method: 'get' | 'post';
  /** With `{name}` for a step that varies. */
  readonly path: string;
  readonly operationId: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description: string;
  /** What the token has to be good for; null: no token is needed. */
  readonly role: Role | null;
  readonly query?: z.ZodObject;
  readonly body?: { readonly name: RequestName; readonly required: boolean };
  /** The 200: JSON by the name of its schema, or the type of a text. */
  readonly answer: { readonly json: AnswerName } | { readonly text: string; readonly example: string };
  /** Answers a 304 where nothing has changed. */
  readonly tagged?: true;
  readonly refused: Readonly<Partial<Record<number, Refused>>>;
}

const BODY = { 400: 'BadRequest', 413: 'TooLarge', 415: 'UnsupportedMediaType' } as const;
const STORE = { 503: 'Unavailable' } as const;
const PAGES =
  'Newest first, in pages: pass `next` of an answer as `before` for the page after it. What is claimed or decided between two pages moves no item from one to the other.';

/** Every route but the status page's own, in the order of the document. */
export const OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: '/webhook',
    operationId: 'receiveAlerts',
    tag: 'Deliveries',
    summary: 'Receive alerts',
    description:
      "Alertmanager's webhook (version 4) and Grafana's (version 1), told apart by shape. Answers once each decision and claim is durable and before any playbook runs. Repeating a delivery is safe: it starts nothing twice.",
    role: 'webhook',
    body: { name: 'Notification', required: true },
    answer: { json: 'WebhookAnswer' },
    refused: { ...BODY, ...STORE },
  },
  {
    method: 'post',
    path: '/api/v1/predictions',
    operationId: 'postPredictions',
    tag: 'Deliveries',
    summary: 'Hand in predictions',
    description: 'They are exported and decided on at once. Entries that cannot be used are skipped and named.',
    role: 'webhook',
    query: modeQuery,
    body: { name: 'Predictions', required: true },
    answer: { json: 'PredictionsAnswer' },
    refused: { ...BODY, ...STORE },
  },
  {
    method: 'get',
    path: '/api/v1/predictions',
    operationId: 'listPredictions',
    tag: 'Record',
    summary: 'Predictions known now',
    description: 'One per target, with its age, whether it is stale, and the mapping that it meets.',
    role: 'read',
    answer: { json: 'CurrentPredictionList' },
    refused: STORE,
  },
  {
    method: 'get',
    path: '/api/v1/executions',
    operationId: 'listExecutions',
    tag: 'Record',
    summary: 'Executions',
    description: PAGES,
    role: 'read',
    query: executionsQuery,
    answer: { json: 'ExecutionList' },
    tagged: true,
    refused: { 400: 'BadRequest', ...STORE },
  },
  {
    method: 'get',
    path: '/api/v1/executions/{id}',
    operationId: 'getExecution',
    tag: 'Record',
    summary: 'One execution',
    description: 'From the claim to its end, with its safety checks, dry run, run and outcome.',
    role: 'read',
    answer: { json: 'Execution' },
    tagged: true,
    refused: { 404: 'NotFound', ...STORE },
  },
  {
    method: 'get',
    path: '/api/v1/executions/{id}/output',
    operationId: 'getExecutionOutput',
    tag: 'Record',
    summary: 'What a playbook printed',
    description:
      'Standard output and error in order, without ANSI codes, at most 10 MiB: of longer ones the middle is dropped.',
    role: 'read',
    query: outputQuery,
    answer: { text: 'text/plain', example: 'freed 12.4 GiB in /srv\n' },
    refused: { 400: 'BadRequest', 404: 'NotFound' },
  },
  {
    method: 'get',
    path: '/api/v1/decisions',
    operationId: 'listDecisions',
    tag: 'Record',
    summary: 'Decisions with their gates',
    description: `${PAGES} Ignored alerts are not kept.`,
    role: 'read',
    query: decisionsQuery,
    answer: { json: 'DecisionList' },
    tagged: true,
    refused: { 400: 'BadRequest', ...STORE },
  },
  {
    method: 'get',
    path: '/api/v1/accuracy',
    operationId: 'getAccuracy',
    tag: 'Record',
    summary: 'How past forecasts did',
    description: 'Those that could have led to an action, compared with what happened within 14 days.',
    role: 'read',
    query: accuracyQuery,
    answer: { json: 'Accuracy' },
    refused: { 400: 'BadRequest', ...STORE },
  },
  {
    method: 'post',
    path: '/api/v1/executions/{id}/approve',
    operationId: 'approveExecution',
    tag: 'Approval',
    summary: 'Approve an execution that waits',
    description:
      'Every gate is asked again on the prediction as it is now. Of any number of answers the first one counts. A refusal writes nothing: the execution goes on waiting.',
    role: 'operate',
    answer: { json: 'Execution' },
    refused: { 404: 'NotFound', 409: 'Conflict', ...STORE },
  },
  {
    method: 'post',
    path: '/api/v1/executions/{id}/reject',
    operationId: 'rejectExecution',
    tag: 'Approval',
    summary: 'Reject an execution that waits',
    description: 'It ends as `denied`. Of any number of answers the first one counts.',
    role: 'operate',
    answer: { json: 'Execution' },
    refused: { 404: 'NotFound', 409: 'Conflict', ...STORE },
  },
  {
    method: 'get',
    path: '/api/v1/status',
    operationId: 'getStatus',
    tag: 'Operations',
    summary: 'The state of automation',
    description: 'Numbers and texts stand at the top, for dashboards and monitors that take a path of one step.',
    role: 'read',
    answer: { json: 'Status' },
    refused: STORE,
  },
  {
    method: 'post',
    path: '/api/v1/pause',
    operationId: 'pause',
    tag: 'Operations',
    summary: 'Pause automation',
    description:
      'Sets or replaces the pause of this name. Every process on the store sees it at once, and asks again just before a playbook starts. Without a body: `manual`, until it is lifted.',
    role: 'operate',
    body: { name: 'PauseRequest', required: false },
    answer: { json: 'PausedAnswer' },
    refused: { ...BODY, ...STORE },
  },
  {
    method: 'post',
    path: '/api/v1/resume',
    operationId: 'resume',
    tag: 'Operations',
    summary: 'Lift a pause',
    description: 'Lifts the named pause (`manual` where none is named) or all, and tells what was refused meanwhile.',
    role: 'operate',
    body: { name: 'ResumeRequest', required: false },
    answer: { json: 'ResumedAnswer' },
    refused: { ...BODY, ...STORE },
  },
  {
    method: 'get',
    path: '/api/v1/events',
    operationId: 'listenToEvents',
    tag: 'Operations',
    summary: 'Server-sent events',
    description:
      'An event `change` whose data is an opaque version, at the start and whenever something that the API shows may have changed; an event `alive` every 15 seconds. At most 50 listeners.',
    role: 'read',
    answer: { text: 'text/event-stream', example: 'retry: 2000\nevent: change\ndata: 42\n\n' },
    refused: STORE,
  },
  {
    method: 'get',
    path: '/metrics',
    operationId: 'getMetrics',
    tag: 'Service',
    summary: 'Metrics for Prometheus',
    description: "In Prometheus' text format, version 0.0.4.",
    role: 'read',
    answer: {
      text: 'text/plain',
      example: 'prediction_days_until_critical{prediction_type="disk_exhaustion",resource="/srv",source="api"} 8.2\n',
    },
    refused: {},
  },
  {
    method: 'get',
    path: '/-/healthy',
    operationId: 'getHealth',
    tag: 'Service',
    summary: 'Whether the process answers',
    description: 'For watchdogs. Answered without a token.',
    role: null,
    answer: { text: 'text/plain', example: 'Forestall is healthy.\n' },
    refused: {},
  },
  {
    method: 'get',
    path: '/-/ready',
    operationId: 'getReadiness',
    tag: 'Service',
    summary: 'Whether deliveries can be taken',
    description:
      'For load balancers: a 503 while the store is not available, only reads, or was changed by a newer version, and once the service stops. Answered without a token.',
    role: null,
    answer: { json: 'ReadyAnswer' },
    refused: STORE,
  },
  {
    method: 'post',
    path: '/-/reload',
    operationId: 'reload',
    tag: 'Service',
    summary: 'Read the configuration again',
    description:
      'Both files. Where they cannot be used the old ones stay, and a 500 (`reload_failed`) lists every problem.',
    role: 'operate',
    answer: { json: 'ReloadAnswer' },
    refused: {},
  },
  {
    method: 'get',
    path: '/openapi.json',
    operationId: 'getOpenapi',
    tag: 'Service',
    summary: 'This document',
    description: 'OpenAPI 3.1, made from the schemas that the service checks requests with.',
    role: 'read',
    answer: { json: 'OpenapiDocument' },
    tagged: true,
    refused: {},
  },
];
