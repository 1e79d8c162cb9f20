import { randomUUID } from 'node:crypto';
import type { Decision } from '../../decision/decision.ts';
import type { Target } from '../../prediction/prediction.ts';
import { decided } from '../decided.ts';
import type { EndedPause, Ledger } from '../ledger.ts';
import { countOf, isKeptRefusal } from '../recording.ts';
import { targetText } from '../rows.ts';
import { createTallyBook } from '../tally.ts';
import { createTallyKeeper, WRITE_SOON } from '../tally-keeper.ts';
import type { Cache } from './cache.ts';
import { cachedFacts, cachedPauses } from './cached-facts.ts';
import { sqliteChain } from './chain-store.ts';
import { sqliteForecasts } from './forecast-store.ts';
import { checkNotNewer, schemaVersion } from './migrations.ts';
import { sqlitePast } from './past.ts';
import {
  appliedTally,
  attemptsOf,
  decisionById,
  executionById,
  hasEndedPause,
  newestDecision,
  pageOfDecisions,
  pageOfExecutions,
  refusedSince,
  runsSince,
  summarize,
  unfinishedExecutions,
} from './queries.ts';
import { createReader } from './reader.ts';
import { reportsOf } from './reports.ts';
import { sqliteRetention } from './retention-store.ts';
import { sqliteSamples } from './sample-store.ts';
import { sqliteScores } from './score-store.ts';
import type { Sql } from './statements.ts';
import { sqliteValues } from './values.ts';
import { dueForVerification, lastGain } from './verification.ts';
import { startWriter } from './writer.ts';

export interface SqliteLedgerOptions {
  /** File of the database; created with its folder, mode 0600, where there is none. */
  readonly path: string;
  readonly now: () => number;
  readonly logger?: { warn(details: object, message: string): void };
}

/**
 * The ledger in one SQLite file, shared by any number of processes of one machine. Writes go through a thread of their
 * own and share commits; reads are answered on the spot and from a cache that any commit, of any process, empties.
 * Rejects with `LedgerUnusable` or `LedgerUnavailable` when the file cannot be opened.
 */
export async function openSqliteLedger({ path, now, logger }: SqliteLedgerOptions): Promise<Ledger> {
  const client = randomUUID();
  const tallies = createTallyBook(client);
  const reader = createReader(path);
  const writer = await startWriter(path, {
    onAnswered: reader.wrote,
    onDeath: (error) => logger?.warn({ err: error }, 'the writer of the ledger died and is started again'),
  });
  const keeper = createTallyKeeper({ tallies, now, send: (tally) => writer.call('tally', tally) });
  const values = sqliteValues({ reader, writer, now });
  let closed: Promise<void> | null = null;

  async function shutDown(): Promise<void> {
    await keeper.close();
    reader.close();
    await writer.close();
  }

  /** The newest decision of a target, and what is counted of it beyond the store. */
  function newestIn(sql: Sql, cache: Cache, target: Target | null) {
    // What is counted in memory now could not be written back any more.
    checkNotNewer(
      cache.get('schema', () => schemaVersion({ prepare: sql })),
      path,
    );
    const text = targetText(target);
    return cache.get(`newest ${text}`, () => ({
      newest: newestDecision(sql, text),
      applied: appliedTally(sql, client),
    }));
  }

  function countAgain(newest: Decision, applied: number, at: number): Pick<Decision, 'repeats' | 'last_at'> {
    tallies.repeat(newest.id, countOf(newest.target?.prediction_type, newest), at);
    keeper.counted(newest.reason === 'kill_switch');
    return { repeats: newest.repeats + tallies.repeatsOf(newest.id, applied).count, last_at: at };
  }

  /** What was counted in memory goes before it, into the same commit: a pause counts from its begin to its end. */
  function lift(name: string | null): Promise<readonly EndedPause[]> {
    void keeper.flush();
    return writer.call('lift', { name, now: now() });
  }

  return {
    facts: (input, except) => reader.cached((sql, cache) => cachedFacts(sql, cache, input, except ?? null)),

    async repeat(input, draft) {
      if (!isKeptRefusal(draft)) return null;
      const known = await reader.cached((sql, cache) => newestIn(sql, cache, input.target));
      if (known.newest?.reason !== draft.reason) return null;
      const { id } = known.newest;
      return decided(input, draft, { id, execution_id: null, ...countAgain(known.newest, known.applied, input.now) });
    },

    moment: reader.moment,

    again(decision, at) {
      const known = reader.atHand((sql, cache) => cache.of(decision, () => newestIn(sql, cache, decision.target)));
      if (known === null || known.newest?.id !== decision.id || known.newest.reason !== decision.reason) return null;
      return { ...decision, decided_at: at, ...countAgain(known.newest, known.applied, at) };
    },

    countIgnored(input, draft) {
      tallies.count(countOf(input.target?.prediction_type, draft));
      keeper.counted();
    },

    record: (inputs, owner) => (inputs.length === 0 ? Promise.resolve([]) : writer.call('record', { inputs, owner })),
    advance: (hold, step) => writer.call('advance', { hold, step }),
    begin: (hold, input, message) => writer.call('begin', { hold, input, message }),
    answer: (id, owner, given) => writer.call('answer', { id, owner, given }),
    noteProcess: (hold, process) => writer.call('noteProcess', { hold, ...process }),
    heartbeat: async (instance, at) => void (await writer.call('heartbeat', { instance, at })),
    unfinished: () => reader.read(unfinishedExecutions),
    adopt: ({ execution, fence, heartbeat_at }, owner) =>
      writer.call('adopt', { id: execution.id, fence, heartbeat_at, owner, now: now() }),

    due: (at, limit) => reader.read((sql) => dueForVerification(sql, at, limit)),
    verify: (id, verdict) => writer.call('verify', { id, verdict }),
    lastGain: (playbook) => reader.read((sql) => lastGain(sql, playbook)),

    execution: (id) => reader.read((sql) => executionById(sql, id)),
    executions: (filter) => reader.read((sql) => pageOfExecutions(sql, filter)),
    decisions: (filter) => reader.snapshot((sql) => pageOfDecisions(sql, filter, tallies, client)),
    decision: (id) => reader.snapshot((sql) => decisionById(sql, id, tallies, client)),

    pauses: () =>
      reader.cached((sql, cache) => cachedPauses(sql, cache).filter(({ until }) => until === null || until > now())),
    async pause(pause) {
      void keeper.flush();
      await writer.call('pause', pause);
    },
    resume: async (name) => (await lift(name)).length,
    lift,
    async takeEndedPauses() {
      // By then every process has written back what it counted.
      const at = now() - 2 * WRITE_SOON;
      if (!(await reader.read((sql) => hasEndedPause(sql, at)))) return [];
      await keeper.flush();
      return await writer.call('takeEndedPauses', { now: at });
    },
    async refusedSince(since, limit) {
      await keeper.flush();
      return await reader.read((sql) => refusedSince(sql, since, limit));
    },

    takeReports: (channel, at, limit, lease) => writer.call('takeReports', { channel, now: at, limit, lease }),
    reportDone: async (id, result) => void (await writer.call('reportDone', { id, result, at: now() })),
    reportFailed: async (id, nextAt) => void (await writer.call('reportFailed', { id, nextAt })),
    reportsOf: (executionId) => reader.read((sql) => reportsOf(sql, executionId)),
    dropReports: (before) => writer.call('dropReports', { before, now: now() }),

    runsSince: (playbook, counted, since) => reader.read((sql) => runsSince(sql, playbook, counted, since)),

    attemptsOf: (target, limit) => reader.read((sql) => attemptsOf(sql, target, limit)),

    reportOnce: (mark, draft) => writer.call('reportOnce', { mark, draft, at: now() }),
    forgetReport: (mark) => writer.call('forgetReport', { mark }),
    samples: sqliteSamples({ reader, writer, now }),
    forecasts: sqliteForecasts({ reader, writer }),
    scores: sqliteScores({ reader, writer, now }),
    chain: sqliteChain({ reader, writer }),
    retention: sqliteRetention({ reader, writer }),
    past: sqlitePast({ reader, flush: () => keeper.flush() }),

    notePass: async (at) => void (await writer.call('notePass', { at })),
    summary: (at) => reader.snapshot((sql) => summarize(sql, at, tallies, client)),

    values,
    version: () => reader.version(),
    usable: () => reader.read((sql) => checkNotNewer(schemaVersion({ prepare: sql }), path)),
    close() {
      closed ??= shutDown();
      return closed;
    },
  };
}
