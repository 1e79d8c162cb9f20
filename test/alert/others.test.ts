import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readNotification } from '../../src/alert/notification.ts';
import { situationOf } from '../../src/alert/situation.ts';
import { alertEntry, alertmanagerBody, grafanaBody, refusal, understood, without } from './bodies.ts';

/** Bodies collected from other projects, which are not ours to publish. */
const FOLDER =
  process.env['FORESTALL_FOREIGN_PAYLOADS'] ??
  join(import.meta.dirname, '..', '..', '..', 'shared', 'payloads', 'others');

/** What each is answered with: the problem named, or the alerts by status. */
const ANSWERS: Readonly<Record<string, RegExp | readonly string[]>> = {
  'am-alert-without-status-or-fingerprint': /^alerts\[0\]\.status: /,
  'am-all-null-logicapp': /^status: expected "firing" or "resolved", found the string "data"/,
  'am-boolean-extra-field-demo': ['firing'],
  'am-deadman-minimal-watchdog': ['firing'],
  'am-duplicate-alerts-in-one-body': ['firing', 'firing'],
  'am-extra-fields-numfiring': ['firing', 'firing'],
  'am-firing-with-future-endsat': ['firing'],
  'am-homelab-disk-remediation': ['firing'],
  'am-k8s-pod-crash': ['firing'],
  'am-k8s-three-different-alerts': ['firing', 'firing', 'firing'],
  'am-no-fingerprint-cloudflare': ['firing'],
  'am-no-generatorurl': ['firing'],
  'am-no-status-no-endsat-sendsat-typo': /^alerts\[0\]\.status: /,
  'am-no-version-no-groupkey-amexecutor': /^version: is missing/,
  'am-production-scada-no-status': /^alerts\[0\]\.status: /,
  'am-readme-curl-partial': /^alerts\[0\]\.labels\.alertname: is missing/,
  'am-same-labels-different-fingerprints': ['firing', 'firing'],
  'am-truncated-12-partial': ['firing'],
  'am-v3-alerta-numeric-groupkey': /^version: .* found "3"/,
  'am-v3-commonannotations-empty': /^version: .* found "3"/,
  'am-v3-groupkey-uint64-openfaas': /^version: .* found "3"/,
  'am-v3-long-annotation': /^version: .* found "3"/,
  'am-v3-simple': /^version: .* found "3"/,
  'am-v3-two-alerts-group-mismatch': /^version: .* found "3"/,
  'am-v4-annotation-placeholders': ['firing'],
  'gf-alert-with-only-status': /^alerts\[0\]\.labels: expected an object, found nothing/,
  'gf-anomalous-text-only': /Slack/,
  'gf-contact-point-test-button': ['firing'],
  'gf-custom-payload-go-times': /^version: is missing/,
  'gf-datasource-error-three': ['firing', 'firing', 'firing'],
  'gf-datasource-no-data': ['firing'],
  'gf-legacy-alerting': /legacy Grafana/,
  'gf-legacy-ok-empty-evalmatches': /legacy Grafana/,
  'gf-legacy6-action-tags': /legacy Grafana/,
  'gf-legacy7-no-data': /legacy Grafana/,
  'gf-legacy7-paused': /legacy Grafana/,
  'gf-resolved-empty-labels': ['resolved'],
  'gf-v11-no-alertname': /^alerts\[0\]\.labels\.alertname: is missing/,
  'gf-v11-values-image': ['firing'],
  'gf-v12-test-relative-generatorurl': ['firing'],
  'gf-v8-valuestring-only': ['firing', 'firing'],
  'gf-v9-docs-two-firing': ['firing', 'firing'],
};

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));
}

function problemsOf(body: unknown): readonly string[] {
  const reading = readNotification(body);
  return reading.ok ? [] : reading.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe('bodies of other projects', () => {
  const found = existsSync(FOLDER);
  if (!found) {
    test(`NOT READ: there is no folder ${FOLDER}`, () => {
      console.warn(`The bodies of other projects were not read: there is no folder ${FOLDER}.`);
    });
    return;
  }

  test.each(Object.entries(ANSWERS))('%s', (name, answer) => {
    const body = read(name);
    if (answer instanceof RegExp) {
      expect(problemsOf(body)).toEqual(expect.arrayContaining([expect.stringMatching(answer)]));
      return;
    }
    const situations = understood(body).alerts.map(situationOf);
    expect(situations.map(({ problem, status }) => problem ?? status)).toEqual(answer);
    expect(situations.some((situation) => situation.is_prediction)).toBe(false);
  });

  test('each of the others is read or refused', () => {
    const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json') && !(name.slice(0, -5) in ANSWERS));
    for (const name of names) {
      const bytes = readFileSync(join(FOLDER, name), 'utf8');
      let body: unknown;
      try {
        body = JSON.parse(bytes);
      } catch {
        expect(name).toMatch(/^bad-/);
        continue;
      }
      expect(() => readNotification(body)).not.toThrow();
    }
  });
});

describe('bodies of our own with the same oddities', () => {
  test('an alert sent twice is two alerts with one fingerprint', () => {
    const entry = without(alertEntry(), 'fingerprint');
    const prints = understood(alertmanagerBody([entry, { ...entry }])).alerts.map((read) =>
      read.ok ? read.alert.fingerprint : '',
    );
    expect(new Set(prints).size).toBe(1);
  });

  test('the same labels under two fingerprints stay one target', () => {
    const { alerts } = understood(
      alertmanagerBody([alertEntry({ fingerprint: 'aa' }), alertEntry({ fingerprint: 'bb' })]),
    );
    const labels = alerts.map((read) => (read.ok ? read.alert.labels : {}));
    expect(labels[0]).toEqual(labels[1]);
  });

  test('a firing alert with an end is firing', () => {
    const entry = alertEntry({ startsAt: '2026-11-22T22:43:58.283995108+01:00', endsAt: '2026-11-22T22:46:58+01:00' });
    expect(situationOf(understood(alertmanagerBody([entry])).alerts[0]!)).toMatchObject({
      status: 'firing',
      problem: null,
    });
  });

  test('an alert without annotations, from a group without a receiver (fault 67)', () => {
    const body = without(
      alertmanagerBody([without(alertEntry(), 'annotations')]),
      'receiver',
      'externalURL',
      'truncatedAlerts',
    );
    expect(understood(body).alerts[0]).toMatchObject({ ok: true });
  });

  test('nulls everywhere', () => {
    const alert = { status: 'x', labels: null, annotations: null, startsAt: 'x' };
    const reading = readNotification(alertmanagerBody([alert]));
    expect(reading.ok ? [] : reading.problems.map(({ path }) => path)).toEqual([
      'alerts[0].status',
      'alerts[0].labels',
      'alerts[0].startsAt',
    ]);
  });

  test("Go's own way to write a time", () => {
    const startsAt = '2026-05-27 15:36:00.112013015 +0000 UTC m=+8560.285724134';
    expect(refusal(grafanaBody([alertEntry({ startsAt })]))).toMatch(
      /^alerts\[0\]\.startsAt: expected an RFC 3339 time/,
    );
  });

  test("Grafana's extra fields", () => {
    const entry = alertEntry({ values: null, valueString: '', orgId: 1, imageURL: 'x', generatorURL: '?orgId=1' });
    expect(understood(grafanaBody([entry], { appVersion: '12.4.2' })).sender).toBe('grafana');
  });

  test('a wrong envelope does not hide that its alerts are wrong too', () => {
    const problems = problemsOf(alertmanagerBody([without(alertEntry(), 'status')], { version: 4 }));
    expect(problems).toEqual([
      expect.stringMatching(/^version: /),
      expect.stringMatching(/^alerts\[0\]\.status: .* found nothing/),
    ]);
  });

  test('a group key that is a number is not looked at, a version 3 is refused', () => {
    expect(understood(alertmanagerBody([alertEntry()], { groupKey: 5615590933959184000 })).alerts).toHaveLength(1);
    expect(refusal(alertmanagerBody([alertEntry()], { version: '3', groupKey: 1 }))).toMatch(/^version/);
  });

  test('resolved though the state says alerting', () => {
    const entry = alertEntry({ status: 'resolved', labels: {}, annotations: {} });
    const { alerts, truncated } = understood(grafanaBody([entry], { status: 'resolved', truncatedAlerts: 1 }));
    expect([situationOf(alerts[0]!).status, truncated]).toEqual(['resolved', 1]);
  });
});
