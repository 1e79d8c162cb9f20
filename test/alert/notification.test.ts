import { describe, expect, test } from 'vitest';
import { readNotification } from '../../src/alert/notification.ts';
import { situationOf, targetOf } from '../../src/alert/situation.ts';
import { alertEntry, alertmanagerBody, firstAlert, grafanaBody, refusal, understood, without } from './bodies.ts';

describe('the sender', () => {
  test('version 4 is Alertmanager, version 1 is Grafana', () => {
    expect(understood(alertmanagerBody()).sender).toBe('alertmanager');
    expect(understood(grafanaBody()).sender).toBe('grafana');
  });

  test.each<[string, unknown, RegExp]>([
    ['no version', without(alertmanagerBody(), 'version'), /^version: is missing: expected "4" .* or "1"/],
    ['version 3', alertmanagerBody([], { version: '3' }), /^version: .* found "3": use Alertmanager 0\.6 or newer$/],
    ['version 5', alertmanagerBody([], { version: '5' }), /^version: .* found "5"$/],
    ['a numeric version', alertmanagerBody([], { version: 4 }), /^version: expected the string "4"/],
    [
      'legacy Grafana',
      { evalMatches: [], ruleId: 7, ruleName: 'CPU', state: 'alerting', title: 'x' },
      /legacy Grafana/,
    ],
    ['legacy Grafana without matches', { ruleId: 0, state: 'paused', message: 'test' }, /legacy Grafana/],
    ['a Slack message', { text: 'TestAlert' }, /Slack/],
    ['a Slack message in blocks', { blocks: [], channel: '#ops' }, /Slack/],
    ['predictions', { predictions: [] }, /POST \/api\/v1\/predictions/],
    ['a bare array', [alertEntry()], /bare array/],
    ['null', null, /^: expected an object, found null$/],
    ['an unknown group status', alertmanagerBody([alertEntry()], { status: 'data' }), /^status: /],
    ['no alerts', without(alertmanagerBody(), 'alerts'), /^alerts: expected an array, found nothing$/],
    ['alerts as an object', alertmanagerBody({}), /^alerts: expected an array, found an object$/],
    ['an empty group', alertmanagerBody([]), /^alerts: is empty/],
  ])('%s is refused', (_name, body, expected) => {
    expect(refusal(body)).toMatch(expected);
  });

  test('fields that are optional may be missing, others are ignored (fault 66)', () => {
    const body = {
      version: '4',
      notification_reason: 'first',
      numFiring: 1,
      alerts: [alertEntry({ demo: true, values: null })],
    };
    expect(understood(body)).toMatchObject({ receiver: '', truncated: 0, sender: 'alertmanager' });
  });

  test.each([-1, 1.5, '12', null, {}, Number.MAX_VALUE])('truncatedAlerts %s counts for none', (truncatedAlerts) => {
    expect(understood(alertmanagerBody([alertEntry()], { truncatedAlerts })).truncated).toBe(0);
  });
});

describe('one alert', () => {
  test.each<[string, unknown, RegExp]>([
    ['no object', 7, /^alerts\[0\]: expected an object, found the number 7$/],
    ['no status', without(alertEntry(), 'status'), /^alerts\[0\]\.status: .* found nothing$/],
    ['no labels', without(alertEntry(), 'labels'), /^alerts\[0\]\.labels: .* found nothing$/],
    ['only a status', { status: 'firing' }, /^alerts\[0\]\.labels: /],
    ['no alertname', alertEntry({ labels: { resource: '/' } }), /^alerts\[0\]\.labels\.alertname: is missing/],
    ['an empty alertname', alertEntry({ labels: { alertname: '' } }), /^alerts\[0\]\.labels\.alertname: is missing/],
    [
      'a number in a label',
      alertEntry({ labels: { alertname: 'A', code: 7 } }),
      /labels\.code: .* found the number 7$/,
    ],
    ['labels as an array', alertEntry({ labels: ['alertname'] }), /labels: expected an object, found an array$/],
    [
      'a number in an annotation',
      alertEntry({ annotations: { confidence: 0.9 } }),
      /annotations\.confidence: expected a string/,
    ],
    ['annotations as text', alertEntry({ annotations: 'x' }), /annotations: expected an object/],
    ['no startsAt', without(alertEntry(), 'startsAt'), /startsAt: .* found nothing$/],
    [
      'half a character',
      alertEntry({ labels: { alertname: 'A', resource: '\ud800' } }),
      /labels\.resource: holds half a character/,
    ],
    [
      'a name of control characters',
      alertEntry({ labels: { alertname: 'A', 'a\nb': 1 } }),
      /labels\["a\\nb"\]: expected a string/,
    ],
  ])('with %s cannot be read', (_name, alert, expected) => {
    expect(refusal(alertmanagerBody([alert]))).toMatch(expected);
  });

  test('takes its name from its own labels only', () => {
    const body = grafanaBody([alertEntry({ labels: { resource: '/' } })], { commonLabels: { alertname: 'Memory' } });
    expect(refusal(body)).toMatch(/alertname: is missing/);
  });

  test('256 labels are read, 257 are not', () => {
    const labels = (count: number) =>
      Object.fromEntries([['alertname', 'A'], ...Array.from({ length: count - 1 }, (_, at) => [`l${at}`, 'x'])]);
    expect(Object.keys(firstAlert(alertmanagerBody([alertEntry({ labels: labels(256) })])).labels)).toHaveLength(256);
    expect(refusal(alertmanagerBody([alertEntry({ labels: labels(257) })]))).toMatch(
      /labels: 257 labels are more than the 256/,
    );
  });

  test('64 KiB of UTF-8 in a label are read, one byte more is not', () => {
    const withLabel = (value: string) => alertmanagerBody([alertEntry({ labels: { alertname: 'A', note: value } })]);
    expect(firstAlert(withLabel('x'.repeat(65_536))).labels['note']).toHaveLength(65_536);
    expect(refusal(withLabel('x'.repeat(65_537)))).toMatch(/labels\.note: is longer than the 65536 bytes/);
    expect(firstAlert(withLabel('é'.repeat(32_768))).labels['note']).toHaveLength(32_768);
    expect(refusal(withLabel('é'.repeat(32_769)))).toMatch(/labels\.note: is longer/);
  });

  test('that is resolved needs no name', () => {
    const read = understood(grafanaBody([alertEntry({ status: 'resolved', labels: {} })], { status: 'resolved' }))
      .alerts[0]!;
    expect(situationOf(read)).toMatchObject({
      problem: null,
      status: 'resolved',
      alertname: null,
      is_prediction: false,
    });
  });

  test('a bad one among good ones is reported in its place', () => {
    const bad = alertEntry({ status: 'suppressed', fingerprint: 'abc' });
    const { alerts } = understood(alertmanagerBody([alertEntry(), bad, alertEntry({ status: 'resolved' })]));
    expect(alerts.map((read) => read.ok)).toEqual([true, false, true]);
    expect(situationOf(alerts[1]!)).toEqual({
      problem: 'alerts[1].status: expected "firing" or "resolved", found the string "suppressed"',
      status: 'firing',
      alertname: 'DiskPredictedFull',
      fingerprint: 'abc',
      starts_at: null,
      is_prediction: false,
    });
  });

  test('problems are listed up to ten, of however many alerts', () => {
    const reading = readNotification(alertmanagerBody(Array.from({ length: 5000 }, () => ({}))));
    expect(reading.ok ? 0 : reading.problems.length).toBe(10);
  });

  test('a label of any name stays a label', () => {
    const labels = JSON.parse('{"alertname":"A","__proto__":"x","constructor":"y"}');
    const alert = firstAlert(alertmanagerBody([alertEntry({ labels })]));
    expect(Object.getPrototypeOf(alert.labels)).toBeNull();
    expect(Object.keys(alert.labels)).toEqual(['alertname', '__proto__', 'constructor']);
  });

  test('what is only inherited is not there', () => {
    const alert = Object.assign(Object.create({ status: 'firing' }), without(alertEntry(), 'status'));
    expect(refusal(alertmanagerBody([alert]))).toMatch(/alerts\[0\]\.status: .* found nothing/);
  });
});

describe('the fingerprint', () => {
  const labels = {
    alertname: 'DiskFillsSoon',
    case: 'ok',
    instance: 'localhost:9100',
    mountpoint: '/',
    severity: 'warning',
  };

  test.each([undefined, null, '', 7, 'x'.repeat(200), 'a\nb'])(
    'sent as %s is computed, as Alertmanager does',
    (fingerprint) => {
      const alert = firstAlert(alertmanagerBody([alertEntry({ labels, fingerprint })]));
      expect(alert.fingerprint).toBe('24c8e1a665d15cb5');
    },
  );

  test('does not hang on the order of the labels, and does on their values', () => {
    const print = (entries: object) =>
      firstAlert(alertmanagerBody([alertEntry({ labels: entries, fingerprint: '' })])).fingerprint;
    expect(print(Object.fromEntries(Object.entries(labels).toReversed()))).toBe(print(labels));
    expect(print({ ...labels, mountpoint: '/srv' })).not.toBe(print(labels));
    expect(print({ alertname: 'A', a: 'bc', ab: 'c' })).not.toBe(print({ alertname: 'A', a: 'b', ab: 'cc' }));
  });
});

describe('what the alert is about', () => {
  const target = (labels: object, hostLabel?: string) =>
    targetOf(firstAlert(alertmanagerBody([alertEntry({ labels })])), hostLabel);

  test('type, resource and host', () => {
    expect(target({ alertname: 'A', prediction_type: 'disk_exhaustion', resource: '/', host: 'nas' })).toEqual({
      prediction_type: 'disk_exhaustion',
      resource: '/',
      host: 'nas',
    });
  });

  test.each([
    [{ alertname: 'A', prediction_type: 'disk_exhaustion', resource: '/', host: '' }, null],
    [{ alertname: 'A', prediction_type: 'disk_exhaustion', resource: '/' }, null],
  ])('no host is null', (labels, host) => {
    expect(target(labels)).toMatchObject({ host });
  });

  test.each([
    ['web1:9100', 'web1'],
    ['web1', 'web1'],
    ['10.0.0.7:9100', '10.0.0.7'],
    ['[fd00::7]:9100', 'fd00::7'],
    ['fd00::7', 'fd00::7'],
    ['http://web1:9100/', 'http://web1:9100/'],
    ['web1:port', 'web1:port'],
    ['', null],
  ])('without a host another label may name it, without its port: %s', (instance, host) => {
    const labels = { alertname: 'A', prediction_type: 'disk_exhaustion', resource: '/', instance };
    expect(target(labels, 'instance')).toMatchObject({ host });
    expect(target(labels)).toMatchObject({ host: null });
    expect(target({ ...labels, host: 'nas:1' }, 'instance')).toMatchObject({ host: 'nas:1' });
  });

  test.each([
    { alertname: 'A', prediction_type: 'disk_exhaustion' },
    { alertname: 'A', resource: '/' },
    { alertname: 'A', prediction_type: '', resource: '/' },
  ])('without type or resource there is none: %s', (labels) => {
    expect(target(labels)).toBeNull();
  });
});

describe('what is no prediction (fault 21)', () => {
  const isPrediction = (changes: object) =>
    situationOf(understood(grafanaBody([alertEntry(changes)])).alerts[0]!).is_prediction;
  const prediction = { prediction_type: 'disk_exhaustion', resource: '/srv' };

  test('an alert that names its prediction is one', () => {
    expect(isPrediction({ labels: { alertname: 'DiskPredictedFull', ...prediction } })).toBe(true);
  });

  test.each<[string, object]>([
    ['no prediction_type', { labels: { alertname: 'Watchdog' } }],
    ['an empty prediction_type', { labels: { alertname: 'A', prediction_type: '', resource: '/' } }],
    ['DatasourceNoData', { labels: { alertname: 'DatasourceNoData', rulename: 'Disk', ...prediction } }],
    ['DatasourceError', { labels: { alertname: 'DatasourceError', ...prediction } }],
    ['TestAlert', { labels: { alertname: 'TestAlert', ...prediction } }],
    [
      'a data source alert under the name of its rule',
      { labels: { alertname: 'Disk', rulename: 'DatasourceNoData', ...prediction } },
    ],
    [
      'a relabelled data source alert',
      { labels: { alertname: 'Disk', rulename: 'Disk', datasource_uid: 'p', ref_id: 'A', ...prediction } },
    ],
    [
      'no data that is told as alerting',
      { labels: { alertname: 'Disk', ...prediction }, annotations: { grafana_state_reason: 'NoData' } },
    ],
    [
      'an error that is told as alerting',
      { labels: { alertname: 'Disk', ...prediction }, annotations: { grafana_state_reason: 'Error, KeepLast' } },
    ],
  ])('%s', (_name, changes) => {
    expect(isPrediction(changes)).toBe(false);
  });
});
