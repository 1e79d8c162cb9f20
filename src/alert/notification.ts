import type { Notification, ReadAlert } from './alert.ts';
import { hintFor, versionHint } from './hint.ts';
import { found, isObject, own, type Problem } from './problem.ts';
import { readAlert } from './read-alert.ts';

export type NotificationReading =
  | { readonly ok: true; readonly notification: Notification }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** So many problems are listed; a body of thousands of bad alerts has one cause. */
const MAX_PROBLEMS = 10;

/**
 * A webhook body, from Alertmanager (version 4) or Grafana (version 1). Unknown fields are ignored. An alert that cannot
 * be read is reported in its place; a body of which none can is refused. Never throws, whatever `JSON.parse` gave.
 * `read`: reads one of its alerts.
 */
export function readNotification(body: unknown, read = readAlert): NotificationReading {
  const hint = hintFor(body);
  if (hint !== null) return refused({ path: '', message: hint });
  if (!isObject(body)) return refused({ path: '', message: `expected an object, found ${found(body)}` });

  const version = own(body, 'version');
  const status = own(body, 'status');
  const alerts = own(body, 'alerts');
  const problems: Problem[] = [];
  if (version !== '4' && version !== '1') problems.push({ path: 'version', message: versionHint(body) });
  if (status !== undefined && status !== 'firing' && status !== 'resolved') {
    problems.push({ path: 'status', message: `expected "firing" or "resolved", found ${found(status)}` });
  }
  if (!Array.isArray(alerts)) {
    problems.push({ path: 'alerts', message: `expected an array, found ${found(alerts)}` });
    return { ok: false, problems };
  }
  if (alerts.length === 0) problems.push({ path: 'alerts', message: 'is empty: there is no alert to decide on' });
  if (problems.length > 0) return { ok: false, problems: [...problems, ...problemsOfFirst(alerts)] };

  const reads: ReadAlert[] = [];
  let readable = 0;
  for (let at = 0; at < alerts.length; at++) {
    const reading = read(alerts[at], `alerts[${at}]`);
    if (reading.ok) {
      readable += 1;
      reads.push(reading);
      continue;
    }
    const { alertname, fingerprint } = reading;
    const [first] = reading.problems;
    reads.push({ ok: false, problem: `${first.path}: ${first.message}`, alertname, fingerprint });
    if (problems.length < MAX_PROBLEMS) problems.push(...reading.problems);
  }
  if (readable === 0) return { ok: false, problems: problems.slice(0, MAX_PROBLEMS) };

  const receiver = own(body, 'receiver');
  return {
    ok: true,
    notification: {
      sender: version === '4' ? 'alertmanager' : 'grafana',
      receiver: typeof receiver === 'string' ? receiver : '',
      alerts: reads,
      truncated: countOf(own(body, 'truncatedAlerts')),
    },
  };
}

function refused(problem: Problem): NotificationReading {
  return { ok: false, problems: [problem] };
}

/** Who gets the envelope wrong gets the alerts wrong in the same way; the first shows it. */
function problemsOfFirst(alerts: readonly unknown[]): readonly Problem[] {
  if (alerts.length === 0) return [];
  const reading = readAlert(alerts[0], 'alerts[0]');
  return reading.ok ? [] : reading.problems;
}

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
