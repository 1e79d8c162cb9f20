import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Alert, Notification } from '../../src/alert/alert.ts';
import { readNotification } from '../../src/alert/notification.ts';

const FOLDER = join(import.meta.dirname, '../payloads');

export function payloadNames(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length));
}

export function payloadBytes(name: string): Buffer {
  return readFileSync(join(FOLDER, `${name}.json`));
}

export function payload(name: string): unknown {
  return JSON.parse(payloadBytes(name).toString());
}

/** The notification in a body that has to be readable. */
export function understood(body: unknown): Notification {
  const reading = readNotification(body);
  if (!reading.ok) throw new Error(`refused: ${JSON.stringify(reading.problems)}`);
  return reading.notification;
}

/** The first problem of a body that has to be refused, as `path: message`. */
export function refusal(body: unknown): string {
  const reading = readNotification(body);
  if (reading.ok) throw new Error('understood, though it should be refused');
  const [first] = reading.problems;
  return `${first?.path}: ${first?.message}`;
}

export function firstAlert(body: unknown): Alert {
  const [read] = understood(body).alerts;
  if (read?.ok !== true) throw new Error('the first alert cannot be read');
  return read.alert;
}

/** One alert as Alertmanager sends it. */
export function alertEntry(changes: object = {}): Record<string, unknown> {
  return {
    status: 'firing',
    labels: { alertname: 'DiskPredictedFull', prediction_type: 'disk_exhaustion', resource: '/srv', host: 'nas' },
    annotations: { days_until_critical: '8.2', confidence: '0.87', summary: '/srv fills up' },
    startsAt: '2026-11-22T18:13:38.089240179Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus:9090/graph',
    fingerprint: '24c8e1a665d15cb5',
    ...changes,
  };
}

export function alertmanagerBody(alerts: unknown = [alertEntry()], changes: object = {}): Record<string, unknown> {
  return {
    receiver: 'forestall',
    status: 'firing',
    alerts,
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'http://alertmanager:9093',
    version: '4',
    groupKey: '{}:{}',
    truncatedAlerts: 0,
    ...changes,
  };
}

export function grafanaBody(alerts: unknown = [alertEntry()], changes: object = {}): Record<string, unknown> {
  return {
    ...alertmanagerBody(alerts),
    version: '1',
    orgId: 1,
    title: '[FIRING:1]',
    state: 'alerting',
    message: 'Firing',
    ...changes,
  };
}

/** The same object without some of its keys. */
export function without(value: Record<string, unknown>, ...keys: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}
