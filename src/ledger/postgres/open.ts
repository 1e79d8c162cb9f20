import { randomUUID } from 'node:crypto';
import type { PostgresStore } from '../../config/config.ts';
import { decided } from '../decided.ts';
import type { EndedPause, Ledger } from '../ledger.ts';
import { countOf, isKeptRefusal } from '../recording.ts';
import { targetText } from '../rows.ts';
import { FORGOTTEN_AFTER } from '../rules.ts';
import { createTallyBook, type Tally, withTally } from '../tally.ts';
import { createTallyKeeper, WRITE_SOON } from '../tally-keeper.ts';
import { postgresChain } from './chain-store.ts';
import { createCollector } from './collect.ts';
import { type Connect, createConnect } from './connection.ts';
import { createConnections } from './connections.ts';
import { countDecisions } from './counters.ts';
import { adopt, advance, answer, begin, heartbeat, noteProcess } from './executions.ts';
import { type Asked, allPauses, gatherFacts } from './facts.ts';
import { checkNotNewer, checkUsable, migrate, settle } from './migrate.ts';
import { nameOf } from './name.ts';
import { postgresPast } from './past.ts';
import { hasEndedPause, lift, setPause, takeEnded } from './pauses.ts';
import {
  attemptsOf,
  decisionById,
  executionsById,
  newestDecisions,
  pageOfDecisions,
  pageOfExecutions,
  refusedSince,
  runsSince,
  summarize,
  unfinishedExecutions,
} from './queries.ts';
import type { Query } from './query.ts';
import { addRepeats } from './record.ts';
import { reportFailed, reportOnce, reportsOf, settleReports, takeReports } from './reports.ts';
import { postgresRetention } from './retention.ts';
import { addSamples, endForecasts, forecastsOf, keepForecasts, samplesSince } from './samples.ts';
import { postgresScores } from './scores.ts';
import { postgresValues } from './values.ts';
import { dueForVerification, lastGain, verify } from './verification.ts';
import { createWriter } from './writer.ts';

export interface PostgresLedgerOptions {
  readonly store: PostgresStore;
  readonly now: () => number;
}

/** How long opening waits for the server, milliseconds. */
const OPEN_PATIENCE = 5_000;
/** So many forecasts are written in one transaction: others get their turn in between. */
const CHUNK = 500;
/** What is counted in memory is written back after this, milliseconds: replicas are to show the same counters. */
const WRITE_BACK = 2_000;

/**
 * The ledger in a database of PostgreSQL, shared by any number of processes of any number of machines. Writes share commits
 * and go one after the other over all processes; reads ask the server each time, many at once where they come at once.
 * Rejects with `LedgerUnusable` or `LedgerUnavailable` when the database cannot be opened.
 */
export async function openPostgresLedger({ store, now }: PostgresLedgerOptions): Promise<Ledger> {
  const name = nameOf(store);
  const connect = await createConnect(store);
  const first = await connect(OPEN_PATIENCE);
  try {
    await migrate(first, name);
  } finally {
    first.drop();
  }
  const settled: Connect = async (patience) => {
    const connection = await connect(patience);
    try {
      await settle(connection, name);
      return connection;
    } catch (error) {
      connection.drop();
      throw error;
    }
  };

  const client = randomUUID();
  const tallies = createTallyBook(client);
  const { read, snapshot, ...connections } = createConnections({
    name,
    connect: settled,
    most: Math.max(1, store.pool_size - 1),
  });
  const writer = createWriter({ name, connect: settled });
  const { write } = writer;
  const keeper = createTallyKeeper({
    tallies,
    now,
    writeBack: WRITE_BACK,
    send: (tally) => write((query) => applyTally(query, tally)),
  });
  const facts = createCollector((asked: readonly Asked[]) => read((query) => gatherFacts(query, asked)));
  const newest = createCollector((targets: readonly string[]) =>
    read((query) => newestDecisions(query, targets, client)),
  );
  const execution = createCollector((ids: readonly string[]) => read((query) => executionsById(query, ids)));
  let closed: Promise<void> | null = null;

  async function shutDown(): Promise<void> {
    await keeper.close();
    await writer.close();
    connections.close();
  }

  /** What was counted in memory goes before it, into the same commit: a pause counts from its begin to its end. */
  function liftNamed(pause: string | null): Promise<readonly EndedPause[]> {
    void keeper.flush();
    return write((query) => lift(query, pause, now()));
  }

  return {
    facts: (input, except) => facts({ input, except: except ?? null }),

    async repeat(input, draft) {
      if (!isKeptRefusal(draft)) return null;
      const known = await newest(targetText(input.target));
      // What is counted in memory now could not be written back any more.
      checkNotNewer(known.schema, name);
      if (known.newest?.reason !== draft.reason) return null;
      const { id } = known.newest;
      tallies.repeat(id, countOf(input.target?.prediction_type, draft), input.now);
      keeper.counted(draft.reason === 'kill_switch');
      const { repeats } = withTally(known.newest, tallies, known.applied);
      return decided(input, draft, { id, execution_id: null, repeats, last_at: input.now });
    },

    // What others did is known only once it is asked.
    moment: () => null,
    again: () => null,

    countIgnored(input, draft) {
      tallies.count(countOf(input.target?.prediction_type, draft));
      keeper.counted();
    },

    record: (inputs, owner) => (inputs.length === 0 ? Promise.resolve([]) : writer.record(inputs, owner)),
    advance: (hold, step) => write((query) => advance(query, hold, step)),
    begin: (hold, input, message) => write((query) => begin(query, hold, input, message)),
    answer: (id, owner, given) => write((query) => answer(query, id, owner, given)),
    noteProcess: (hold, { pid, pid_started }) => write((query) => noteProcess(query, hold, pid, pid_started)),
    heartbeat: (instance, at) => writer.writeAside((query) => heartbeat(query, instance, at)),
    unfinished: () => read(unfinishedExecutions),
    adopt: (row, owner) => write((query) => adopt(query, row, owner, now())),

    due: (at, limit) => read((query) => dueForVerification(query, at, limit)),
    verify: (id, verdict) => write((query) => verify(query, id, verdict)),
    lastGain: (playbook) => read((query) => lastGain(query, playbook)),

    execution,
    executions: (filter) => read((query) => pageOfExecutions(query, filter)),
    decisions: (filter) => snapshot((query) => pageOfDecisions(query, filter, tallies, client)),
    decision: (id) => snapshot((query) => decisionById(query, id, tallies, client)),

    pauses: async () => (await read(allPauses)).filter(({ until }) => until === null || until > now()),
    async pause(pause) {
      void keeper.flush();
      await write((query) => setPause(query, pause));
    },
    resume: async (pause) => (await liftNamed(pause)).length,
    lift: liftNamed,
    async takeEndedPauses() {
      // By then every process has written back what it counted.
      const at = now() - 2 * WRITE_SOON;
      if (!(await read((query) => hasEndedPause(query, at)))) return [];
      await keeper.flush();
      return await write((query) => takeEnded(query, at));
    },
    async refusedSince(since, limit) {
      await keeper.flush();
      return await read((query) => refusedSince(query, since, limit));
    },

    takeReports: (channel, at, limit, lease) => write((query) => takeReports(query, channel, at, limit, lease)),
    reportDone: async (id, result) => void (await write((query) => settleReports(query, 'id = $1', id, result, now()))),
    reportFailed: (id, nextAt) => write((query) => reportFailed(query, id, nextAt)),
    reportsOf: (executionId) => read((query) => reportsOf(query, executionId)),
    dropReports: (before) => write((query) => settleReports(query, 'created_at < $1', before, 'dropped', now())),

    runsSince: (playbook, counted, since) => read((query) => runsSince(query, playbook, counted, since)),

    attemptsOf: (target, limit) => read((query) => attemptsOf(query, target, limit)),

    reportOnce: (mark, draft) => write((query) => reportOnce(query, mark, draft, now())),
    forgetReport: (mark) =>
      write(async (query) => {
        const gone = await query('DELETE FROM notes WHERE text_key(name) = text_key($1) RETURNING at', [mark]);
        return gone.length > 0;
      }),

    samples: {
      add: (samples) => write((query) => addSamples(query, samples, now())),
      since: (series, from) => read((query) => samplesSince(query, series, from, now())),
    },
    forecasts: {
      async replace(source, at, entries) {
        for (let from = 0; from < entries.length; from += CHUNK) {
          await write((query) => keepForecasts(query, source, at, entries.slice(from, from + CHUNK)));
        }
        await write((query) => endForecasts(query, source, at));
      },
      of: (source) => read((query) => forecastsOf(query, source)),
    },

    scores: postgresScores({ read, write, now }),
    chain: postgresChain({ read, snapshot, write }),
    retention: postgresRetention({ read, write }),
    past: postgresPast({ read, flush: () => keeper.flush() }),

    notePass: (at) => write((query) => notePass(query, at)),
    summary: (at) => snapshot((query) => summarize(query, at, tallies, client)),

    values: postgresValues({ read, write, now }),

    usable: () => read((query) => checkUsable(query, name)),
    version: async () => (await read((query) => query<{ version: number }>('SELECT version FROM store')))[0]!.version,

    close() {
      closed ??= shutDown();
      return closed;
    },
  };
}

/** Once, however often it is sent. */
async function applyTally(query: Query, { client, number, at, repeats, counts }: Tally): Promise<void> {
  const fresh = await query(
    `INSERT INTO tallies (client, applied, at) VALUES ($1, $2, $3)
     ON CONFLICT (client) DO UPDATE SET applied = excluded.applied, at = excluded.at
       WHERE tallies.applied < excluded.applied RETURNING applied`,
    [client, number, at],
  );
  if (fresh.length === 0) return;
  await addRepeats(query, repeats);
  await countDecisions(query, counts);
  if (number === 1) await query('DELETE FROM tallies WHERE at < $1', [at - FORGOTTEN_AFTER]);
}

async function notePass(query: Query, at: number): Promise<void> {
  await query(
    `INSERT INTO notes (name, at) VALUES ('last_pass', $1)
     ON CONFLICT (text_key(name)) DO UPDATE SET at = greatest(notes.at, excluded.at)`,
    [at],
  );
}
