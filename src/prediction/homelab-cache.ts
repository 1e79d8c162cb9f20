import type { Entry, Problem } from './entry.ts';
import { at, isObject, own } from './own.ts';
import { shown } from './shown.ts';

const HOUR = 3_600_000;

/** What a kind of the cache says, in the terms of a prediction. */
interface Kind {
  readonly prediction_type: string;
  /** The key that names the resource. */
  readonly resourceKey: string;
  /** The resource where that key is absent; null: it is needed. */
  readonly resource: string | null;
}

const KINDS: Readonly<Record<string, Kind>> = {
  disk: { prediction_type: 'disk_exhaustion', resourceKey: 'mountpoint', resource: null },
  memory: { prediction_type: 'memory_exhaustion', resourceKey: 'service', resource: 'system_memory' },
};

/**
 * The entries of a homelab cache: an object by kind (`disk`, `memory`), each one entry or an array of them. The time left
 * is in the one key that begins `days_until_` or `hours_until_` (`days_until_90pct`, `hours_until_4gb`).
 */
export function* cacheEntries(cache: Record<string, unknown>, path: string): Generator<Entry | Problem> {
  for (const [key, value] of Object.entries(cache)) {
    const here = at(path, key);
    const kind = Object.hasOwn(KINDS, key) ? KINDS[key] : undefined;
    if (kind === undefined) {
      yield { path: here, message: `is ignored: the kinds that are known are ${Object.keys(KINDS).join(' and ')}` };
    } else if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) yield cacheEntry(item, `${here}[${i}]`, kind);
    } else if (value !== null) {
      yield cacheEntry(value, here, kind);
    }
  }
}

function cacheEntry(item: unknown, path: string, kind: Kind): Entry | Problem {
  if (!isObject(item)) return { path, message: `is ${shown(item)}: an object is needed` };
  const untilKeys = Object.keys(item).filter((key) => /^(days|hours)_until_/.test(key));
  if (untilKeys.length > 1) {
    return { path, message: `has ${untilKeys.length} keys that begin days_until_ or hours_until_: one is needed` };
  }
  const untilKey = untilKeys[0] ?? 'days_until_critical';
  const named = own(item, kind.resourceKey);
  const resource = named === undefined || named === null ? (kind.resource ?? undefined) : named;
  const field = (key: string) => ({ path: at(path, key), value: own(item, key) });
  return {
    prediction_type: { path, value: kind.prediction_type },
    resource: { path: at(path, kind.resourceKey), value: resource },
    host: field('host'),
    until: { ...field(untilKey), unit: untilKey.startsWith('hours_') ? HOUR : 24 * HOUR },
    confidence: field('confidence'),
    observed_at: field('observed_at'),
    labels: field('labels'),
  };
}
