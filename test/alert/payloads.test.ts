import { describe, expect, test } from 'vitest';
import { readNotification } from '../../src/alert/notification.ts';
import { situationOf } from '../../src/alert/situation.ts';
import { firstAlert, payload, payloadNames, refusal, understood } from './bodies.ts';

/** Bodies that are no JSON at all: told apart before an alert is looked for. */
const NOT_JSON = ['bad-cut-off-json', 'bad-empty-body', 'bad-invalid-utf8', 'bad-two-documents'];

const REFUSED: Readonly<Record<string, RegExp>> = {
  'bad-alerts-null': /^alerts: expected an array, found null$/,
  'bad-labels-null': /^alerts\[0\]\.labels: expected an object, found null$/,
  'bad-proto-pollution': /^alerts\[0\]\.labels\.__proto__: expected a string, found an object$/,
  'bad-root-array': /^: a bare array looks like Alertmanager's API/,
  'bad-root-string': /^: expected an object, found the string "[^"]*"$/,
  'bad-startsat-garbage': /^alerts\[0\]\.startsAt: expected an RFC 3339 time/,
  'bad-status-unknown': /^alerts\[0\]\.status: expected "firing" or "resolved", found the string "suppressed"$/,
  'bad-version-number': /^version: expected the string "4" \(Alertmanager\) or "1" \(Grafana\), found the number$/,
};

describe('bodies that name what is wrong', () => {
  test.each(Object.entries(REFUSED))('%s', (name, expected) => {
    expect(refusal(payload(name))).toMatch(expected);
  });
});

describe('bodies that are understood', () => {
  const rest = payloadNames().filter((name) => !(name in REFUSED) && !NOT_JSON.includes(name));

  test('there are some', () => {
    expect(rest.length).toBeGreaterThan(15);
  });

  test.each(rest)('%s', (name) => {
    const notification = understood(payload(name));
    expect(notification.sender).toBe('alertmanager');
    for (const read of notification.alerts) {
      expect(read.ok).toBe(true);
      expect(situationOf(read).is_prediction).toBe(false);
    }
  });
});

test('the golden path: every field of an alert', () => {
  const { sender, receiver, truncated, alerts } = understood(payload('am025-firing-disk-days-confidence'));
  expect({ sender, receiver, truncated }).toEqual({
    sender: 'alertmanager',
    receiver: 'weird name\\.\\(v1\\) \\[a\\|b\\]',
    truncated: 0,
  });
  expect(alerts).toHaveLength(1);
  const alert = firstAlert(payload('am025-firing-disk-days-confidence'));
  expect(alert).toEqual({
    status: 'firing',
    labels: {
      alertname: 'DiskFillsSoon',
      case: 'ok',
      instance: 'localhost:9100',
      mountpoint: '/',
      severity: 'warning',
    },
    annotations: { confidence: '0.93', days: '3.4', summary: 'Disk / full in 3.4 days' },
    starts_at: Date.UTC(2026, 10, 22, 18, 13, 38, 89),
    fingerprint: '24c8e1a665d15cb5',
  });
});

test("each alert's own status counts, not the group's", () => {
  const { alerts } = understood(payload('am025-mixed-firing-resolved'));
  const statuses = alerts.map((read) => situationOf(read).status);
  expect(statuses.toSorted()).toEqual(['firing', 'resolved']);
});

test('alerts that were cut off are counted', () => {
  expect(understood(payload('am025-truncated-firing')).truncated).toBe(2);
});

test('a body of 2,000 alerts is read in their order, within a second', () => {
  const one = payload('am025-firing-disk-days-confidence') as { alerts: { labels: Record<string, string> }[] };
  const alerts = Array.from({ length: 2000 }, (_, at) => {
    const [alert] = one.alerts;
    return { ...alert, labels: { ...alert?.labels, instance: `host-${at}` } };
  });
  const started = performance.now();
  const read = understood({ ...one, alerts }).alerts;
  expect(performance.now() - started).toBeLessThan(1000);
  expect(read.map((each) => (each.ok ? each.alert.labels['instance'] : ''))).toEqual(
    alerts.map((each) => each.labels.instance),
  );
});

test('a key that comes twice: the last one counts', () => {
  expect(understood(payload('bad-duplicate-keys')).sender).toBe('alertmanager');
});

test('annotations that are null are none', () => {
  expect(Object.keys(firstAlert(payload('bad-annotations-null')).annotations)).toEqual([]);
});

test('nothing is read from the prototype, and nothing gets into it', () => {
  readNotification(payload('bad-proto-pollution'));
  expect(({} as Record<string, unknown>)['playbook']).toBeUndefined();
  expect(({} as Record<string, unknown>)['confidence']).toBeUndefined();
});
