import { plainDecimal } from './decimal.ts';
import { isoInstant } from './instant.ts';
import { CLOCK_SKEW, type Prediction } from './prediction.ts';
import { shown } from './shown.ts';

/** A value of a document, and where it stands there (`predictions[3].confidence`). */
export interface Field {
  readonly path: string;
  /** Undefined: not there. */
  readonly value: unknown;
}

/** What one prediction is made of, whatever the shape of its document. */
export interface Entry {
  readonly prediction_type: Field;
  readonly resource: Field;
  readonly host: Field;
  /** How long until critical, in `unit` milliseconds per one. */
  readonly until: Field & { readonly unit: number };
  readonly confidence: Field;
  readonly observed_at: Field;
  readonly labels: Field;
}

/** What the entries of one document share. Times are epoch milliseconds. */
export interface EntryContext {
  readonly source: string;
  /** The time of an entry that names none; a field when the document's own cannot be read. */
  readonly documentTime: number | BadTime;
  readonly now: number;
}

/** A document's time that is there and cannot be read: its entries are not taken for fresh. */
export interface BadTime {
  readonly problem: Problem;
}

export interface Problem {
  /** Where in the document; empty for the document as a whole. */
  readonly path: string;
  /** What was found and what is allowed. */
  readonly message: string;
}

export type ReadEntry =
  | { readonly ok: true; readonly prediction: Prediction }
  /** `refusedUntil`: a date in the future that is believed from then on, epoch milliseconds. */
  | { readonly ok: false; readonly problem: Problem; readonly refusedUntil?: number };

/** Longest name or label value that is read, in UTF-16 units. What a playbook may get is much shorter, and judged later. */
const MAX_TEXT = 65_536;
const MAX_LABELS = 64;

class Bad extends Error {
  readonly problem: Problem;
  readonly refusedUntil: number | undefined;
  constructor(field: Field, message: string, refusedUntil?: number) {
    super(message);
    this.problem = { path: field.path, message };
    this.refusedUntil = refusedUntil;
  }
}

/** Reads one entry; its first problem makes it unusable, so that nothing about it is guessed. */
export function readEntry(entry: Entry, context: EntryContext): ReadEntry {
  try {
    return {
      ok: true,
      prediction: {
        prediction_type: name(entry.prediction_type),
        resource: name(entry.resource),
        host: isAbsent(entry.host) ? null : name(entry.host),
        days_until_critical: days(entry.until),
        confidence: confidence(entry.confidence),
        observed_at: time(entry.observed_at, context),
        source: context.source,
        labels: labels(entry.labels),
      },
    };
  } catch (error) {
    if (!(error instanceof Bad)) throw error;
    const { problem, refusedUntil } = error;
    return refusedUntil === undefined ? { ok: false, problem } : { ok: false, problem, refusedUntil };
  }
}

function isAbsent(field: Field): boolean {
  return field.value === undefined || field.value === null;
}

function name(field: Field): string {
  const { value } = field;
  if (typeof value !== 'string' || value === '')
    throw new Bad(field, `is ${shown(value)}: a text that is not empty is needed`);
  return text(field, value);
}

function text(field: Field, value: string): string {
  if (value.length > MAX_TEXT) throw new Bad(field, `is ${value.length} characters long: at most ${MAX_TEXT} are read`);
  if (!value.isWellFormed()) throw new Bad(field, `is ${shown(value)}: half a surrogate pair is not text`);
  return value;
}

function number(value: unknown): number | null {
  if (typeof value === 'string') return plainDecimal(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function days(field: Entry['until']): number | null {
  if (isAbsent(field) || field.value === 'never') return null;
  if (field.value === 'now') return 0;
  const value = number(field.value);
  if (value === null || value < 0) {
    throw new Bad(field, `is ${shown(field.value)}: a number of 0 or more, null, "never" or "now" is needed`);
  }
  return Math.abs((value * field.unit) / DAY);
}

function confidence(field: Field): number {
  const value = number(field.value);
  if (value === null || value < 0 || value > 1)
    throw new Bad(field, `is ${shown(field.value)}: a number from 0 to 1 is needed`);
  return Math.abs(value);
}

function time(field: Field, { documentTime, now }: EntryContext): number {
  let instant: number | null;
  if (!isAbsent(field)) {
    instant = typeof field.value === 'string' ? isoInstant(field.value) : null;
    if (instant === null) throw new Bad(field, needsTime(field.value));
  } else if (typeof documentTime === 'number') {
    instant = documentTime;
  } else {
    throw new Bad(field, `is not there, and ${documentTime.problem.path} ${documentTime.problem.message}`);
  }
  if (instant - now > CLOCK_SKEW) {
    const at = isAbsent(field) ? "the document's time" : shown(field.value);
    throw new Bad(field, `is in the future: ${at} is more than 5 min after our clock`, instant - CLOCK_SKEW);
  }
  return instant;
}

export function needsTime(value: unknown): string {
  return `is ${shown(value)}: a date and time such as "2026-03-01T12:00:00Z" is needed`;
}

function labels(field: Field): Readonly<Record<string, string>> {
  const read: Record<string, string> = Object.create(null);
  if (isAbsent(field)) return read;
  if (typeof field.value !== 'object' || Array.isArray(field.value)) {
    throw new Bad(field, `is ${shown(field.value)}: an object of texts is needed`);
  }
  const entries = Object.entries(field.value as object);
  if (entries.length > MAX_LABELS) throw new Bad(field, `has ${entries.length} labels: at most ${MAX_LABELS} are read`);
  for (const [label, value] of entries) {
    const at = { path: `${field.path}.${shown(label, 40).slice(1, -1)}`, value };
    if (typeof value !== 'string') throw new Bad(at, `is ${shown(value)}: a text is needed`);
    read[text(at, label)] = text(at, value);
  }
  return read;
}

const DAY = 86_400_000;
