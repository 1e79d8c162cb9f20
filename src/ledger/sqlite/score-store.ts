import type { ScoreStore } from '../scores.ts';
import type { Reader } from './reader.ts';
import { dueForecasts, forecastsSince } from './scores.ts';
import type { Writer } from './writer.ts';

/** So many are written in one transaction: others get their turn in between. */
const CHUNK = 500;

export function sqliteScores({
  reader,
  writer,
  now,
}: {
  readonly reader: Reader;
  readonly writer: Writer;
  readonly now: () => number;
}): ScoreStore {
  return {
    async note(forecasts, heard) {
      let noted = 0;
      for (let from = 0; from < Math.max(forecasts.length, heard.length); from += CHUNK) {
        const part = { forecasts: forecasts.slice(from, from + CHUNK), heard: heard.slice(from, from + CHUNK) };
        noted += await writer.call('noteForecasts', { ...part, now: now() });
      }
      return noted;
    },
    due: (at, after, limit) => reader.read((sql) => dueForecasts(sql, at, after, limit)),
    judge: (verdicts, at) => (verdicts.length === 0 ? Promise.resolve([]) : writer.call('judge', { verdicts, at })),
    since: (closesAfter) => reader.read((sql) => forecastsSince(sql, closesAfter)),
  };
}
