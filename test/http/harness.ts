import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { accuracyOf } from '../../src/accuracy/accuracy.ts';
import { DEFAULT_DEMAND } from '../../src/accuracy/proof.ts';
import type { Notification } from '../../src/alert/alert.ts';
import { situationOf, targetOf } from '../../src/alert/situation.ts';
import type { Decision } from '../../src/decision/decision.ts';
import type { HttpOptions, PauseRequest, WebhookDelivery } from '../../src/http/ports.ts';
import { createHttpServer, type HttpServer } from '../../src/http/server.ts';
import type { Answerer } from '../../src/loop/approval.ts';
import { NOW } from '../support/decision.ts';

export const TOKEN = 'a-long-token-of-the-tests';
export const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };

/** What reached the far side of the ports, in order. */
export interface Calls {
  readonly received: Notification[];
  readonly decided: { readonly count: number; readonly mode: string }[];
  readonly published: number[];
  readonly webhooks: WebhookDelivery[];
  readonly pauses: PauseRequest[];
  readonly resumed: (string | null)[];
  readonly answers: { readonly id: string; readonly by: Answerer; readonly approve: boolean }[];
  readonly logged: { readonly level: string; readonly fields: object; readonly message: string }[];
  reloads: number;
}

export interface Running {
  readonly url: string;
  readonly port: number;
  readonly server: HttpServer;
  readonly calls: Calls;
  /** A POST of JSON with the token. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** A GET with the token. */
  get(path: string): Promise<Response>;
}

export function decisionFor(changes: Partial<Decision> = {}): Decision {
  return {
    id: 'D1',
    decided_at: NOW,
    trigger: 'webhook',
    alertname: null,
    fingerprint: null,
    target: null,
    prediction: null,
    mapping: null,
    playbook: null,
    verdict: 'rejected',
    reason: 'no_prediction',
    message: 'nothing is known about this prediction',
    gates: [{ gate: 'unreadable', outcome: 'pass', message: 'readable' }],
    next_attempt_at: null,
    execution_id: null,
    repeats: 0,
    last_at: NOW,
    ...changes,
  };
}

function optionsOver(calls: Calls): HttpOptions {
  const log = (level: string) => (fields: object, message: string) =>
    void calls.logged.push({ level, fields, message });
  return {
    version: '0.0.0',
    host: '127.0.0.1',
    port: 0,
    external_url: null,
    token: () => TOKEN,
    max_body_bytes: 100_000,
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    onWebhook: (delivery) => void calls.webhooks.push(delivery),
    decisions: {
      async receive(notification) {
        calls.received.push(notification);
        return notification.alerts.map((read, at) => {
          const { alertname, fingerprint, problem } = situationOf(read);
          return decisionFor({
            id: `D${at}`,
            alertname,
            fingerprint,
            target: read.ok ? targetOf(read.alert) : null,
            reason: problem === null ? 'no_prediction' : 'unreadable',
            message: problem ?? 'nothing is known',
          });
        });
      },
      async decidePredictions(predictions, mode) {
        calls.decided.push({ count: predictions.length, mode });
        return predictions.map((prediction) => decisionFor({ trigger: 'api', prediction, target: prediction }));
      },
    },
    predictions: {
      readPredictions: () => ({ predictions: [], problems: [] }),
      publish: async (predictions) => void calls.published.push(predictions.length),
      currentPredictions: async () => [],
    },
    record: {
      executions: async () => ({ items: [], next: null }),
      execution: async () => null,
      decisions: async () => ({ items: [], next: null }),
      accuracy: async ({ since, ...asked }) =>
        accuracyOf([], { ...asked, since: NOW - since, until: NOW }, DEFAULT_DEMAND),
      output: async () => null,
    },
    approvals: {
      async approve(id, by) {
        calls.answers.push({ id, by, approve: true });
        return { kind: 'not_found' };
      },
      async reject(id, by) {
        calls.answers.push({ id, by, approve: false });
        return { kind: 'not_found' };
      },
    },
    pages: {
      now: () => NOW,
      version: async () => 'v1',
      automation: async () => ({ mode: 'live', dry_run_mode: false, pauses: [] }),
      outlook: async () => ({ total: 0, stale: 0, items: [], none: [], sources: [] }),
      forecastOf: async () => null,
      budgets: async () => ({ playbooks: [], daily_executions: 0, daily_limit: null }),
      unfinished: async () => [],
      decision: async () => null,
      reportsOf: async () => [],
      outputTail: async () => null,
    },
    operations: {
      status: async () => ({ enabled: true }),
      async pause(request) {
        calls.pauses.push(request);
        const { name, reason } = request;
        return { name, reason, since: NOW, until: request.for === undefined ? null : NOW + request.for };
      },
      async resume(name) {
        calls.resumed.push(name);
        return { lifted: 1, refused: { count: 0, items: [] } };
      },
      metrics: async () => '# HELP up x\nup 1\n',
      ready: async () => ({ ok: true, reason: 'ready' }),
      async reload() {
        calls.reloads += 1;
        return { ok: true };
      },
    },
  };
}

/** A server on a free port, over ports that note what they are asked; it is closed when the test ends. */
export async function start(changes: (options: HttpOptions) => Partial<HttpOptions> = () => ({})): Promise<Running> {
  const calls: Calls = {
    received: [],
    decided: [],
    published: [],
    webhooks: [],
    pauses: [],
    resumed: [],
    answers: [],
    logged: [],
    reloads: 0,
  };
  const base = optionsOver(calls);
  const server = createHttpServer({ ...base, ...changes(base) });
  const { port } = await server.listen();
  onTestFinished(() => server.close(0));
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    server,
    calls,
    post: (path, body, headers = {}) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...AUTHORIZED, ...headers },
        body:
          body instanceof Uint8Array ? new Uint8Array(body) : typeof body === 'string' ? body : JSON.stringify(body),
      }),
    get: (path) => fetch(url + path, { headers: AUTHORIZED }),
  };
}

/** Sends bytes as they are; resolves with everything that came back when the server closed, or `enough` says so. */
export function raw(
  port: number,
  bytes: string | Buffer,
  enough: (answer: string) => boolean = () => false,
): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1');
    socket.write(bytes);
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (enough(answer)) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}

/** The head of a request line by line, with `Connection: close`. */
export function request(line: string, headers: Readonly<Record<string, string>> = {}, body = ''): string {
  const all: Record<string, string> = { Host: '127.0.0.1', Connection: 'close', ...headers };
  if (body !== '') all['Content-Length'] ??= String(Buffer.byteLength(body));
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line}\r\n${lines.join('')}\r\n${body}`;
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1] ?? 0);
}

export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly issues: readonly { path: string; message: string }[];
  };
}

export async function errorOf(response: Response): Promise<ErrorBody['error']> {
  return ((await response.json()) as ErrorBody).error;
}
