import type { Alert } from './alert.ts';
import { fingerprintOf } from './fingerprint.ts';
import { found, isObject, own, type Problem } from './problem.ts';
import { readAnnotations, readLabels } from './text-map.ts';
import { readTime } from './time.ts';

export type AlertReading =
  | { readonly ok: true; readonly alert: Alert }
  | {
      readonly ok: false;
      readonly problems: readonly [Problem, ...Problem[]];
      readonly alertname: string | null;
      readonly fingerprint: string | null;
    };

/** One entry of `alerts`. Its own fields only: nothing is taken from the group's common labels or annotations. */
export function readAlert(value: unknown, path: string): AlertReading {
  if (!isObject(value)) {
    const problem = { path, message: `expected an object, found ${found(value)}` };
    return { ok: false, problems: [problem], alertname: null, fingerprint: null };
  }
  const problems: Problem[] = [];

  const status = own(value, 'status');
  if (status !== 'firing' && status !== 'resolved') {
    problems.push({ path: `${path}.status`, message: `expected "firing" or "resolved", found ${found(status)}` });
  }
  const labels = readLabels(own(value, 'labels'), `${path}.labels`);
  if (Array.isArray(labels)) problems.push(...labels);
  else if (status === 'firing' && !labels['alertname']) {
    problems.push({ path: `${path}.labels.alertname`, message: 'is missing: a firing alert needs its name' });
  }
  const annotations = readAnnotations(own(value, 'annotations'), `${path}.annotations`);
  if (Array.isArray(annotations)) problems.push(...annotations);
  const startsAt = own(value, 'startsAt');
  const starts_at = typeof startsAt === 'string' ? readTime(startsAt) : null;
  if (starts_at === null) {
    const message = `expected an RFC 3339 time such as 2026-11-22T18:13:38Z, found ${found(startsAt)}`;
    problems.push({ path: `${path}.startsAt`, message });
  }

  const given = givenFingerprint(own(value, 'fingerprint'));
  const [first, ...more] = problems;
  if (first !== undefined) {
    return { ok: false, problems: [first, ...more], alertname: nameIn(own(value, 'labels')), fingerprint: given };
  }
  const texts = labels as Alert['labels'];
  return {
    ok: true,
    alert: {
      status: status as Alert['status'],
      labels: texts,
      annotations: annotations as Alert['annotations'],
      starts_at: starts_at as number,
      fingerprint: given ?? fingerprintOf(texts),
    },
  };
}

const FINGERPRINT = /^[\x21-\x7e]{1,128}$/;

function givenFingerprint(value: unknown): string | null {
  return typeof value === 'string' && FINGERPRINT.test(value) ? value : null;
}

/** The name of an alert that cannot be read, for the answer; null where it has none that fits in one line. */
function nameIn(labels: unknown): string | null {
  if (!isObject(labels)) return null;
  const name = own(labels, 'alertname');
  const fits = typeof name === 'string' && name.length > 0 && name.length <= 256 && name.isWellFormed();
  return fits && !/\p{Cc}/u.test(name) ? name : null;
}
