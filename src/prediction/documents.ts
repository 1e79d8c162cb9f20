import { type BadTime, type Entry, type EntryContext, needsTime, type Problem, readEntry } from './entry.ts';
import { cacheEntries } from './homelab-cache.ts';
import { isoInstant } from './instant.ts';
import { at, isObject, own } from './own.ts';
import { type Prediction, targetKey } from './prediction.ts';
import { shown } from './shown.ts';

export interface DocumentContext {
  /** What `source` of the predictions becomes. */
  readonly source: string;
  /** The time of what names none, neither itself nor by its document; epoch milliseconds. */
  readonly fallbackTime: number;
  readonly now: number;
}

export interface ReadDocument {
  /** One per target, in the order in which the document first names it. */
  readonly predictions: readonly Prediction[];
  /** One per entry that was skipped; beyond a hundred only their number is said. */
  readonly problems: readonly Problem[];
  /** How many entries were skipped. */
  readonly skipped: number;
  /** False: the document is none of the shapes, or too long; nothing was read from it. */
  readonly recognised: boolean;
  /** When the first entry that is dated in the future can be read, epoch milliseconds; null: none is. */
  readonly refused_until: number | null;
  /** When the document was made: its `generated_at`, else the time that stands in for it; null where that is no time. */
  readonly dated_at: number | null;
}

const MAX_ENTRIES = 100_000;
const MAX_PROBLEMS = 100;
const DAY = 86_400_000;

/**
 * Reads predictions from a parsed document of any shape: `{"predictions":[P…]}`, a bare array, one P, or the homelab
 * cache. Bad entries are problems and skipped; the others count. Of two for one target the newer counts, of equally old
 * ones the later. Keys that are not known are ignored. Never throws.
 */
export function readPredictions(document: unknown, context: DocumentContext): ReadDocument {
  const shape = entriesOf(document);
  if ('message' in shape) return unrecognised(shape);

  const time = documentTime(document, context.fallbackTime);
  const entryContext: EntryContext = { ...context, documentTime: time };
  const newest = new Map<string, Prediction>();
  const problems: Problem[] = [];
  let skipped = 0;
  let refusedUntil: number | null = null;
  const skip = (problem: Problem) => {
    skipped += 1;
    if (problems.length < MAX_PROBLEMS) problems.push(problem);
  };

  let count = 0;
  for (const entry of shape.entries) {
    count += 1;
    if (count > MAX_ENTRIES)
      return unrecognised({ path: '', message: `has more than ${MAX_ENTRIES} entries: split it` });
    if ('message' in entry) {
      skip(entry);
      continue;
    }
    const read = readEntry(entry, entryContext);
    if (!read.ok) {
      skip(read.problem);
      if (read.refusedUntil !== undefined) refusedUntil = Math.min(refusedUntil ?? Infinity, read.refusedUntil);
      continue;
    }
    const key = targetKey(read.prediction);
    const known = newest.get(key);
    if (known === undefined || read.prediction.observed_at >= known.observed_at) newest.set(key, read.prediction);
  }
  if (skipped > problems.length) {
    problems.push({ path: '', message: `has ${skipped - problems.length} more entries that were skipped` });
  }
  return {
    predictions: [...newest.values()],
    problems,
    skipped,
    recognised: true,
    refused_until: refusedUntil,
    dated_at: typeof time === 'number' ? time : null,
  };
}

function unrecognised(problem: Problem): ReadDocument {
  return { predictions: [], problems: [problem], skipped: 0, recognised: false, refused_until: null, dated_at: null };
}

function entriesOf(document: unknown): { readonly entries: Iterable<Entry | Problem> } | Problem {
  if (Array.isArray(document)) return { entries: listEntries(document, '') };
  if (!isObject(document)) {
    return { path: '', message: `the document is ${shown(document)}: an object or an array of predictions is needed` };
  }
  if (Object.hasOwn(document, 'predictions')) {
    const { predictions } = document;
    if (Array.isArray(predictions)) return { entries: listEntries(predictions, 'predictions') };
    if (isObject(predictions)) return { entries: cacheEntries(predictions, 'predictions') };
    return { path: 'predictions', message: `is ${shown(predictions)}: an array, or an object by kind, is needed` };
  }
  if (Object.hasOwn(document, 'prediction_type')) return { entries: [listEntry(document, '')] };
  return { path: '', message: 'the document has neither "predictions" nor "prediction_type": it holds no prediction' };
}

function* listEntries(items: readonly unknown[], path: string): Generator<Entry | Problem> {
  for (const [i, item] of items.entries()) yield listEntry(item, `${path}[${i}]`);
}

function listEntry(item: unknown, path: string): Entry | Problem {
  if (!isObject(item)) return { path, message: `is ${shown(item)}: an object is needed` };
  const field = (key: string) => ({ path: at(path, key), value: own(item, key) });
  const critical = field('days_until_critical');
  const exhaustion = field('days_to_exhaustion');
  const isNamed = critical.value !== undefined && critical.value !== null;
  return {
    prediction_type: field('prediction_type'),
    resource: field('resource'),
    host: field('host'),
    until: { ...(isNamed || exhaustion.value === undefined ? critical : exhaustion), unit: DAY },
    confidence: field('confidence'),
    observed_at: field('observed_at'),
    labels: field('labels'),
  };
}

function documentTime(document: unknown, fallback: number): number | BadTime {
  const value = isObject(document) ? own(document, 'generated_at') : undefined;
  if (value === undefined || value === null) return fallback;
  const instant = typeof value === 'string' ? isoInstant(value) : null;
  return instant ?? { problem: { path: 'generated_at', message: needsTime(value) } };
}
