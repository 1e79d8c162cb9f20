import { isObject, own } from './problem.ts';
import { type AlertReading, readAlert } from './read-alert.ts';

/** So many readings are kept, of about a kilobyte each; when they are more it starts anew. */
const MOST_KEPT = 2_500;
/** Alerts with longer texts, in characters, are read anew: what is kept at most is some twenty megabytes. */
const LONGEST = 8_192;

interface Kept {
  readonly reading: AlertReading & { readonly ok: true };
  /** As it was written. */
  readonly startsAt: unknown;
  readonly labels: number;
  readonly annotations: number;
}

/**
 * `readAlert`, with what was read kept by fingerprint for a while: an alert that comes again as it was is the same object as
 * before. One without a fingerprint of its own, or that cannot be read, is read anew. `later`: has all that is kept
 * forgotten after a time; asked with the first that is kept, and again with the first after that.
 */
export function createReadAlert(later: (forget: () => void) => void): typeof readAlert {
  let byFingerprint = new Map<string, Kept>();

  function forget(): void {
    byFingerprint = new Map();
  }

  function keep(fingerprint: string, kept: Kept): void {
    if (byFingerprint.size >= MOST_KEPT) byFingerprint.clear();
    if (byFingerprint.size === 0) later(forget);
    byFingerprint.set(fingerprint, kept);
  }

  return (value, path) => {
    const fingerprint = isObject(value) ? own(value, 'fingerprint') : undefined;
    if (typeof fingerprint !== 'string') return readAlert(value, path);
    const kept = byFingerprint.get(fingerprint);
    if (kept !== undefined && isWhatWasRead(value as object, kept)) return kept.reading;
    const reading = readAlert(value, path);
    if (!reading.ok || reading.alert.fingerprint !== fingerprint) return reading;
    const labels = sizeOf(own(value as object, 'labels'));
    const annotations = sizeOf(own(value as object, 'annotations'));
    if (labels.length + annotations.length <= LONGEST) {
      const startsAt = own(value as object, 'startsAt');
      keep(fingerprint, { reading, startsAt, labels: labels.count, annotations: annotations.count });
    }
    return reading;
  };
}

/** Whether all that is read of an alert is as it was. */
function isWhatWasRead(value: object, { reading: { alert }, startsAt, labels, annotations }: Kept): boolean {
  return (
    own(value, 'status') === alert.status &&
    own(value, 'startsAt') === startsAt &&
    areSame(own(value, 'labels'), alert.labels, labels) &&
    areSame(own(value, 'annotations'), alert.annotations, annotations)
  );
}

/** Where nothing is given, or what holds other things than text, it is read anew. */
function areSame(given: unknown, texts: Readonly<Record<string, string>>, count: number): boolean {
  if (!isObject(given)) return false;
  const names = Object.keys(given);
  if (names.length !== count) return false;
  for (const name of names) if ((given as Record<string, unknown>)[name] !== texts[name]) return false;
  return true;
}

/** Of texts that were read: how many, and how long they are with their names. */
function sizeOf(given: unknown): { readonly count: number; readonly length: number } {
  let [count, length] = [0, 0];
  if (!isObject(given)) return { count, length };
  for (const name of Object.keys(given)) {
    count += 1;
    length += name.length + (given as Readonly<Record<string, string>>)[name]!.length;
  }
  return { count, length };
}
