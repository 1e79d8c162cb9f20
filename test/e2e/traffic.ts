import { Agent, request } from 'node:http';
import { expect } from 'vitest';
import { type Home, type Service, TOKEN } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { type AnsweredDecision, type Delivery, type History, problemsOf } from './history-checker.ts';
import { type LedgerFile, readLedger } from './ledger-file.ts';

/** A sender of alerts over a bounded number of connections of its own. */
export interface Sender {
  /** Posts to the webhook. A connection that ends without an answer is a delivery with status null. Never rejects. */
  deliver(body: object): Promise<Answered>;
  close(): void;
}

export interface Answered extends Delivery {
  readonly decisions: readonly (AnsweredDecision & { readonly message: string })[];
  readonly milliseconds: number;
}

export function createSender({ port }: Pick<Service, 'port'>, connections = 50): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` };
  return {
    deliver(body) {
      const since = performance.now();
      const answered = (status: number | null, decisions: Answered['decisions'] = []): Answered => ({
        status,
        decisions,
        milliseconds: performance.now() - since,
      });
      return new Promise((resolve) => {
        const outgoing = request({ host: '127.0.0.1', port, path: '/webhook', method: 'POST', agent, headers });
        outgoing.on('error', () => resolve(answered(null)));
        outgoing.setTimeout(30_000, () => outgoing.destroy());
        outgoing.on('response', (response) => {
          const chunks: Buffer[] = [];
          response.on('error', () => resolve(answered(null)));
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const { decisions } = JSON.parse(Buffer.concat(chunks).toString()) as { decisions?: Answered['decisions'] };
            resolve(answered(response.statusCode ?? null, decisions ?? []));
          });
        });
        outgoing.end(JSON.stringify(body));
      });
    },
    close: () => agent.destroy(),
  };
}

/** Waits until no execution in the ledger is unfinished; what is in it then. */
export async function settled(home: Home, timeout = 30_000): Promise<LedgerFile> {
  return await eventually(
    () => {
      const ledger = readLedger(home.database);
      return ledger.executions.every((row) => row.finished_at !== null) ? ledger : null;
    },
    { timeout, interval: 50 },
  );
}

const HOUR = 3_600_000;

/** A home, and what else there is to judge by: `watched.ts` gives all of it. */
export interface Observed extends Home {
  readonly witnesses?: () => Pick<History, 'deliveries' | 'told' | 'outages'>;
}

interface Limits {
  readonly cooldown?: number;
  readonly mostRuns?: number;
}

/** Everything that was sent to a home's services, what is left of it, and what else was seen. */
export function historyOf(
  home: Observed,
  deliveries: readonly Delivery[],
  limits: Limits = {},
): History & { readonly ledger: LedgerFile } {
  const ledger = readLedger(home.database);
  // After the ledger: what it does not wait to tell any more was told before.
  const { deliveries: seen = [], ...witnesses } = home.witnesses?.() ?? {};
  return {
    ...ledger,
    ...witnesses,
    deliveries: [...deliveries, ...seen],
    records: home.timedRecords(),
    cooldown: 48 * HOUR,
    ...limits,
    ledger,
  };
}

/** Lets the history checker judge it. */
export function expectSoundHistory(home: Observed, deliveries: readonly Delivery[], limits: Limits = {}): LedgerFile {
  const { ledger, ...history } = historyOf(home, deliveries, limits);
  expect({ integrity: ledger.integrity, problems: problemsOf(history) }).toEqual({ integrity: 'ok', problems: [] });
  return ledger;
}
