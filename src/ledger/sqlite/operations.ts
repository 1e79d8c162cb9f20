import type { ForecastVerdict, Heard, NotedForecast } from '../../accuracy/record.ts';
import type { DecisionInput, Draft, Pause } from '../../decision/decision.ts';
import type { Report, ReportChannel, ReportDraft, ReportSubject, SettledReport } from '../../execution/report.ts';
import type { Checkpoint } from '../checkpoint.ts';
import type {
  Advance,
  AnswerOnRecord,
  EndedPause,
  GivenAnswer,
  Hold,
  Instance,
  Recorded,
  Verdict,
  VerdictOnRecord,
} from '../ledger.ts';
import type { Pruned, PruneResult, PruneRule } from '../retention.ts';
import { FORGOTTEN_AFTER, LONGEST_LEASE } from '../rules.ts';
import type { KeptForecast, MeasuredSample } from '../stores.ts';
import type { Tally } from '../tally.ts';
import { answer } from './answer.ts';
import { begin } from './begin.ts';
import type { ChainWriter } from './chain.ts';
import { addCheckpoint, dropEntries } from './chain-entries.ts';
import { countDecision } from './counters.ts';
import { type Adoption, adopt, advance, heartbeat, noteProcess } from './executions.ts';
import { endForecasts, keepForecasts } from './forecasts.ts';
import { lift, setPause, takeEnded } from './pauses.ts';
import { addRepeats, recordOne } from './record.ts';
import { reportOnce, settleReports } from './reports.ts';
import { prune, pruneScores, takeTurn } from './retention.ts';
import { addSamples } from './samples.ts';
import { hear, judge, noteForecasts } from './scores.ts';
import type { Sql } from './statements.ts';
import { verify } from './verification.ts';

/** Thrown by an operation that found its deadline passed; what it wrote is undone. */
export class Expired extends Error {
  override readonly name = 'Expired';
}

/** Everything that writes, by name. Each runs inside a transaction of its caller and is undone where it throws. */
export interface Operations {
  record(args: { inputs: readonly DecisionInput[]; owner: Instance }): readonly Recorded[];
  advance(args: { hold: Hold; step: Advance }): boolean;
  begin(args: { hold: Hold; input: DecisionInput; message: string }): Draft | null;
  answer(args: { id: string; owner: Instance | null; given: GivenAnswer }): AnswerOnRecord | null;
  verify(args: { id: string; verdict: Verdict }): VerdictOnRecord | null;
  noteProcess(args: { hold: Hold; pid: number; pid_started: number }): boolean;
  heartbeat(args: { instance: Instance; at: number }): null;
  adopt(args: Adoption): Hold | null;
  tally(args: Tally): null;
  pause(args: Pause): null;
  lift(args: { name: string | null; now: number }): readonly EndedPause[];
  takeEndedPauses(args: { now: number }): readonly EndedPause[];
  takeReports(args: { channel: ReportChannel; now: number; limit: number; lease: number }): readonly Report[];
  reportDone(args: { id: number; result: SettledReport['result']; at: number }): null;
  reportFailed(args: { id: number; nextAt: number }): null;
  dropReports(args: { before: number; now: number }): number;
  reportOnce(args: { mark: string; draft: ReportDraft; at: number }): boolean;
  forgetReport(args: { mark: string }): boolean;
  addSamples(args: { samples: readonly MeasuredSample[]; now: number }): number;
  keepForecasts(args: { source: string; at: number; entries: readonly KeptForecast[] }): null;
  endForecasts(args: { source: string; at: number }): null;
  noteForecasts(args: { forecasts: readonly NotedForecast[]; heard: readonly Heard[]; now: number }): number;
  judge(args: { verdicts: readonly ForecastVerdict[]; at: number }): readonly number[];
  takeTurn(args: { now: number; lease: number }): boolean;
  prune(args: Pruned): PruneResult;
  pruneScores(args: PruneRule): number;
  addCheckpoint(args: Checkpoint): boolean;
  dropEntries(args: { upTo: number; after: number }): ReturnType<typeof dropEntries>;
  notePass(args: { at: number }): null;
  setValues(args: { entries: Entries; expiresAt: number | null; now: number }): null;
  deleteValue(args: { key: string; value: string | null; now: number }): boolean;
}

type Entries = readonly (readonly [key: string, value: string])[];

export type OperationName = keyof Operations;
export type Arguments<N extends OperationName> = Parameters<Operations[N]>[0];
export type Result<N extends OperationName> = ReturnType<Operations[N]>;

/**
 * `expired` tells whether the caller of the operation that runs has given up by now; `fits` whether a row is what the chain says
 * of it.
 */
export function operationsOn(sql: Sql, expired: () => boolean, fits: ChainWriter['fits']): Operations {
  return {
    record: ({ inputs, owner }) =>
      inputs.map((input) => {
        if (expired()) throw new Expired('the caller gave up');
        return recordOne(sql, input, owner);
      }),
    advance: ({ hold, step }) => advance(sql, hold, step),
    begin: ({ hold, input, message }) => begin(sql, hold, input, message),
    answer: ({ id, owner, given }) => answer(sql, id, owner, given),
    verify: ({ id, verdict }) => verify(sql, id, verdict),
    noteProcess: ({ hold, pid, pid_started }) => noteProcess(sql, hold, pid, pid_started),
    heartbeat({ instance, at }) {
      heartbeat(sql, instance, at);
      return null;
    },
    adopt: (args) => adopt(sql, args),

    tally({ client, number, at, repeats, counts }) {
      const { changes } = sql(
        `INSERT INTO tallies (client, applied, at) VALUES (?, ?, ?)
         ON CONFLICT (client) DO UPDATE SET applied = excluded.applied, at = excluded.at WHERE applied < excluded.applied`,
      ).run(client, number, at);
      if (changes === 0) return null;
      for (const { id, count, last_at } of repeats) addRepeats(sql, id, count, last_at);
      for (const { type, verdict, reason, count } of counts) countDecision(sql, type, verdict, reason, count);
      if (number === 1) sql('DELETE FROM tallies WHERE at < ?').run(at - FORGOTTEN_AFTER);
      return null;
    },

    pause(pause) {
      setPause(sql, pause);
      return null;
    },
    lift: ({ name, now }) => lift(sql, name, now),
    takeEndedPauses: ({ now }) => takeEnded(sql, now),

    takeReports({ channel, now, limit, lease }) {
      const rows = sql(
        `UPDATE reports SET next_at = ? WHERE id IN (
           SELECT id FROM reports WHERE channel = ? AND (next_at <= ? OR next_at > ?) ORDER BY id LIMIT ?
         ) RETURNING id, channel, subject, created_at, attempts`,
      ).all(now + lease, channel, now, now + LONGEST_LEASE, limit) as unknown as (Omit<Report, 'subject'> & {
        subject: string;
      })[];
      return rows
        .sort((a, b) => a.id - b.id)
        .map((row) => ({ ...row, subject: JSON.parse(row.subject) as ReportSubject }));
    },
    reportDone({ id, result, at }) {
      settleReports(sql, 'id = ?', id, result, at);
      return null;
    },
    reportFailed({ id, nextAt }) {
      sql('UPDATE reports SET attempts = attempts + 1, next_at = ? WHERE id = ?').run(nextAt, id);
      return null;
    },
    dropReports: ({ before, now }) => settleReports(sql, 'created_at < ?', before, 'dropped', now),

    reportOnce: ({ mark, draft, at }) => reportOnce(sql, mark, draft, at),
    forgetReport: ({ mark }) => sql('DELETE FROM notes WHERE name = ?').run(mark).changes > 0,

    addSamples: ({ samples, now }) => addSamples(sql, samples, now),
    keepForecasts({ source, at, entries }) {
      keepForecasts(sql, source, entries, at);
      return null;
    },
    endForecasts({ source, at }) {
      endForecasts(sql, source, at);
      return null;
    },
    noteForecasts({ forecasts, heard, now }) {
      hear(sql, heard);
      return noteForecasts(sql, forecasts, now);
    },
    judge: ({ verdicts, at }) => judge(sql, verdicts, at),

    takeTurn: ({ now, lease }) => takeTurn(sql, now, lease),
    prune: (what) => prune(sql, what, fits),
    pruneScores: (rule) => pruneScores(sql, rule),

    addCheckpoint: (checkpoint) => addCheckpoint(sql, checkpoint),
    dropEntries: (which) => dropEntries(sql, which),

    notePass({ at }) {
      sql(
        "INSERT INTO notes (name, at) VALUES ('last_pass', ?) ON CONFLICT (name) DO UPDATE SET at = max(at, excluded.at)",
      ).run(at);
      return null;
    },

    setValues({ entries, expiresAt, now }) {
      sql('DELETE FROM kv WHERE expires_at <= ?').run(now);
      const set = sql(
        `INSERT INTO kv (key, value, expires_at) VALUES (?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
      );
      for (const [key, value] of entries) set.run(key, value, expiresAt);
      return null;
    },
    deleteValue({ key, value, now }) {
      const gone = sql('DELETE FROM kv WHERE key = ? AND value = coalesce(?, value) RETURNING expires_at').get(
        key,
        value,
      );
      const expiresAt = gone?.['expires_at'] as number | null | undefined;
      return expiresAt !== undefined && (expiresAt === null || expiresAt > now);
    },
  };
}
