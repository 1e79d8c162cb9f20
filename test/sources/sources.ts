import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Keyv } from 'keyv';
import { onTestFinished } from 'vitest';
import type { Prediction, Target } from '../../src/prediction/prediction.ts';
import { historyOver } from '../../src/sources/history.ts';
import { postedStore } from '../../src/sources/posted.ts';
import { createPredictionSources, type PredictionSourcesOptions } from '../../src/sources/sources.ts';
import { tempDir } from '../support/temp.ts';

export const NOW = Date.UTC(2026, 2, 1, 12);
export const HOUR = 3_600_000;
export const STALE_AFTER = 26 * HOUR;
export const ROOT: Target = { prediction_type: 'disk_exhaustion', resource: '/', host: null };

/** A document of one prediction for `ROOT`. */
export function document(days: number, observedAt = NOW - HOUR, more: object = {}): string {
  const { prediction_type, resource } = ROOT;
  const observed_at = new Date(observedAt).toISOString();
  return JSON.stringify({
    predictions: [{ prediction_type, resource, days_until_critical: days, confidence: 0.9, observed_at, ...more }],
  });
}

export function byHand(days: number, observed_at: number, more: Partial<Prediction> = {}): Prediction {
  return { ...ROOT, days_until_critical: days, confidence: 0.9, observed_at, source: 'api', labels: {}, ...more };
}

/** Sources over real files in a folder of their own and a Keyv in memory; closed after the test. */
export function setUp(options: Partial<PredictionSourcesOptions> = {}) {
  const folder = tempDir();
  const file = join(folder, 'predictions.json');
  const clock = { now: NOW };
  const logged: string[] = [];
  const log = (level: string) => (_fields: object, message: string) => void logged.push(`${level} ${message}`);
  const keyv = new Keyv();
  const earlier = new Keyv();
  let changes = 0;
  const sources = createPredictionSources({
    files: [file],
    posted: postedStore(keyv),
    history: historyOver(earlier),
    remembers: () => true,
    now: () => clock.now,
    staleAfter: STALE_AFTER,
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    onChange: () => {
      changes += 1;
    },
    pollInterval: 60_000,
    ...options,
  });
  onTestFinished(() => sources.close());
  return {
    sources,
    folder,
    file,
    clock,
    keyv,
    earlier,
    logged,
    changes: () => changes,
    write: (text: string, name = 'predictions.json') => writeFileSync(join(folder, name), text),
    days: async (target = ROOT) => (await sources.current(target))?.days_until_critical,
    health: () => sources.health()[0],
  };
}
