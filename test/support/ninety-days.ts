import type { Ledger } from '../../src/ledger/ledger.ts';
import type { ActionMapping, Mapping } from '../../src/mapping/mapping.ts';
import type { Prediction } from '../../src/prediction/prediction.ts';
import { inWindow } from '../../src/prediction/window.ts';
import { DAY, HOUR, MINUTE, permittingMapping } from './decision.ts';
import { type Arrival, createPast, firing, WELL } from './past.ts';

/** A Monday. */
export const START = Date.parse('2026-03-02T00:00:00Z');
export const END = START + 90 * DAY;

const DISKS = { playbook: 'disk-cleanup', cooldown_hours: 48, max_executions_per_week: 2 };
const COMMON = { limits: [], blast_radius: null, allowed_hours: null, verify: { after: DAY, expect: null } };

export interface Change {
  readonly conditions?: Partial<Mapping['conditions']>;
  readonly action?: Partial<Mapping['action']>;
}

/** The mapping of the ninety days, or another one like it. */
export function mappingOfThen(change: Change = {}): ActionMapping {
  const of = (prediction_type: string, action: Partial<Mapping['action']>) =>
    permittingMapping({
      id: prediction_type,
      prediction_type,
      resource_filter: '*',
      conditions: { min_days_until_critical: 3, max_days_until_critical: 14, ...change.conditions },
      action: { ...COMMON, ...action, ...change.action },
    });
  return {
    version: '1.0',
    last_updated: null,
    mappings: [
      of('disk_exhaustion', DISKS),
      of('memory_exhaustion', { ...DISKS, playbook: 'resource-pressure', cooldown_hours: 24 }),
    ],
    global_settings: {
      enable_auto_remediation: true,
      dry_run_mode: false,
      require_confirmation: false,
      max_daily_executions: 3,
      notification_channel: 'discord',
      exclude: [],
      time_zone: 'UTC',
    },
  };
}

/** The same numbers for the same seed, 0 to 1. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Resource {
  readonly type: string;
  readonly name: string;
  /** Percent a day. */
  readonly growth: number;
  /** What a run leaves at least. */
  readonly floor: number;
  level: number;
  readonly past: number[];
}

/**
 * Ninety days of a machine in a ledger: a disk that grows steadily and is backed up each third night (no disk is
 * cleaned meanwhile), one that grows in bursts and
 * is cleaned by hand twice, and memory that leaks. Forecasts come every four hours, as lines over two days; the window
 * alerts fire by the mapping of then, and a pass at half past two each night looks at everything. On days 30 and 31 nothing
 * was forecast, on day 60 somebody paused it. Every fifth run helps little. At 95
 * percent people act.
 */
export async function ninetyDays(open: (now: () => number) => Promise<Ledger>, change: Change = {}): Promise<Ledger> {
  const random = randomFrom(8);
  const mapping = mappingOfThen(change);
  const resources: Resource[] = [
    { type: 'disk_exhaustion', name: '/srv/media', growth: 1.1, floor: 60, level: 72, past: [] },
    { type: 'disk_exhaustion', name: '/', growth: 1.6, floor: 55, level: 64, past: [] },
    { type: 'memory_exhaustion', name: 'system_memory', growth: 3, floor: 50, level: 55, past: [] },
  ];
  let runs = 0;
  const backsUp = (at: number) => Math.floor((at - START) / DAY) % 3 === 2 && hourOf(at) < 6;

  const past = await createPast({
    ledger: open,
    start: START,
    mapping,
    courseOf({ decided_at, target }) {
      if (target?.prediction_type === 'disk_exhaustion' && backsUp(decided_at)) return { ...WELL, stopped: 'rejected' };
      runs++;
      if (runs % 17 === 0) return { ...WELL, end: 'failed' };
      return { ...WELL, duration: 3 * MINUTE, outcome: runs % 5 === 0 ? 'ineffective' : 'effective' };
    },
    onRun({ target }) {
      const resource = resources.find(({ name }) => name === target?.resource)!;
      const freed = runs % 5 === 0 ? 0.5 : 5 + 4 * random();
      resource.level = Math.max(resource.floor, resource.level - freed);
    },
  });

  const known = new Map<string, Prediction>();
  const waiting = new Map<string, { readonly at: number; readonly alert: Arrival['alert'] }>();

  function grow(at: number): void {
    const day = Math.floor((at - START) / DAY);
    for (const resource of resources) {
      const bursts = resource.name === '/' ? (day % 5 < 2 ? 2 : 0.3) : 1;
      resource.level += ((resource.growth * bursts) / 24) * (0.7 + 0.6 * random());
      if (resource.name === '/' && (day === 20 || day === 74) && hourOf(at) === 12) resource.level -= 8;
      // People have to act, and do.
      if (resource.level >= 95) resource.level = resource.floor + 5;
      const backup = resource.name === '/srv/media' && backsUp(at) ? 4 : 0;
      resource.past.push(Math.min(100, resource.level + backup));
    }
  }

  function forecast(at: number): void {
    const day = Math.floor((at - START) / DAY);
    if (day === 30 || day === 31) return;
    for (const { type, name, past: levels } of resources) {
      if (levels.length < 49) continue;
      const now = levels.at(-1)!;
      const rate = (now - levels.at(-49)!) / 2;
      const lately = now - levels.at(-25)!;
      const days = rate > 0.05 ? Math.max(0, 90 - now) / rate : null;
      const confidence = Math.abs(lately - rate) < 0.5 * Math.abs(rate) ? 0.9 : 0.6;
      const about = { prediction_type: type, resource: name, host: null };
      known.set(name, {
        ...about,
        days_until_critical: days,
        confidence,
        observed_at: at,
        source: 'file:p',
        labels: {},
      });
    }
  }

  const fires = (prediction: Prediction) =>
    inWindow(
      prediction,
      mapping.mappings.find((one) => one.prediction_type === prediction.prediction_type)!.conditions,
    );

  async function decide(arrivals: readonly Arrival[]): Promise<void> {
    if (arrivals.length === 0) return;
    const decisions = await past.arrive(arrivals);
    decisions.forEach(({ verdict, next_attempt_at: next }, at) => {
      const { prediction, alert } = arrivals[at]!;
      if (alert === null) return;
      if (verdict === 'deferred' && next !== null) waiting.set(prediction.resource, { at: next, alert });
      else waiting.delete(prediction.resource);
    });
  }

  for (let at = START + HOUR; at < END; at += HOUR / 2) {
    await past.until(at);
    if (minuteOf(at) === 0) grow(at);
    if (minuteOf(at) === 0 && hourOf(at) % 4 === 0) forecast(at);
    if (at === START + 60 * DAY) {
      await past.ledger.pause({ name: 'work', reason: null, since: at, until: at + 12 * HOUR });
    }
    const firingNow = [...known.values()].filter(fires);
    const again = firingNow.filter(({ resource }) => (waiting.get(resource)?.at ?? Infinity) <= at);
    const told = minuteOf(at) === 0 && hourOf(at) % 4 === 0 ? firingNow : again;
    await decide(
      told.map((prediction) => ({ prediction, alert: firing(`${prediction.prediction_type}Predicted`, at) })),
    );
    if (hourOf(at) === 2 && minuteOf(at) === 30) {
      await decide([...known.values()].map((prediction) => ({ prediction, alert: null })));
    }
  }
  await past.until(END + 2 * DAY);
  return past.ledger;
}

function hourOf(at: number): number {
  return Math.floor((at % DAY) / HOUR);
}

function minuteOf(at: number): number {
  return (at % HOUR) / MINUTE;
}
