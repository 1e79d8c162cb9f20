import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openSqliteVerify } from '../../src/ledger/sqlite/chain-reads.ts';
import { verifyChain } from '../../src/ledger/verify-chain.ts';
import { HOUR } from '../support/decision.ts';
import { SEED } from '../support/seed.ts';
import { alertBody, DISK, type Home, makeHome, type Service } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { type Delivery, problemsOf } from './history-checker.ts';
import { readLedger } from './ledger-file.ts';
import { type Answered, createSender, expectSoundHistory } from './traffic.ts';

const ASKED = process.env['FORESTALL_STEP'];
/** Whether somebody wants more of them than the ordinary tests visit. */
export const WERE_ASKED_FOR = ASKED !== undefined;

/** How long an enumeration may take, milliseconds: all points of one take minutes, on a busy machine many. */
export const ENUMERATION_TIMEOUT = WERE_ASKED_FOR ? 7_200_000 : 900_000;

/**
 * Which points of an enumeration are visited: the `first`, and every `step`-th after it. `ordinary` is the step where
 * `FORESTALL_STEP` asks for none; the seed says which is the first.
 */
export function visits(ordinary: number): { readonly first: number; readonly step: number } {
  const step = Math.max(1, Number(ASKED ?? ordinary));
  return { first: 1 + (SEED % step), step };
}

/** A home in which every resource below `/data` is a scope of its own, so that any number of claims can be made in it. */
export function homeOfMany(resources: number): Home {
  const home = makeHome({
    config: (config) => ({ ...config, execution: { max_parallel: 4 } }),
    mapping: (mapping) => {
      mapping.mappings[0].resource_filter = '/data/*';
      mapping.mappings[0].action.limit_scope = 'resource';
      mapping.mappings[0].safety_checks = [];
      mapping.global_settings.max_daily_executions = 10_000;
      return mapping;
    },
  });
  home.writePredictions(Array.from({ length: resources }, (_, at) => ({ ...DISK, resource: `/data/${at}` })));
  return home;
}

export async function deliver(service: Service, resource: string): Promise<Answered> {
  const sender = createSender(service, 1);
  const answer = await sender.deliver(alertBody({ resource }));
  sender.close();
  return answer;
}

/** The ledger opens, each row is what the hash chain says of it, and it holds all that was answered. */
export async function expectWhole(home: Home, deliveries: readonly Delivery[]): Promise<void> {
  expectSoundHistory(home, deliveries);
  await expectWholeChain(home.database);
}

/**
 * The same of what a process left that was killed, where something may still be under way. On a copy: a reader of the file
 * itself would be the last one to close it, and tidy it up for the next process.
 */
export async function expectWholeAfterKill(home: Home, deliveries: readonly Delivery[]): Promise<void> {
  const database = copyOfLedger(home.database);
  const ledger = readLedger(database);
  const problems = problemsOf({ ...ledger, deliveries, records: home.timedRecords(), cooldown: 48 * HOUR });
  const wrong = problems.filter((problem) => !problem.startsWith('no-end: '));
  expect({ integrity: ledger.integrity, wrong }).toEqual({ integrity: 'ok', wrong: [] });
  await expectWholeChain(database);
}

export async function expectWholeChain(database: string): Promise<void> {
  const reads = openSqliteVerify(database);
  try {
    expect((await verifyChain(reads, { head: null, key: null })).problem).toBeNull();
  } finally {
    reads.close();
  }
}

/** With its log, as it lies there. */
export function copyOfLedger(database: string, copy = join(tempDir(), 'copy.db')): string {
  for (const end of ['', '-wal']) if (existsSync(database + end)) copyFileSync(database + end, copy + end);
  return copy;
}
