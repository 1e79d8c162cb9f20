import { describe, expect, it } from 'vitest';
import { createEvents } from '../../src/report/events.ts';
import type { Metrics } from '../../src/report/metrics-input.ts';
import { NOW } from '../support/decision.ts';
import { escalation } from '../support/execution.ts';
import { recordingLog } from './recording-log.ts';

/** Metrics that write down what they are told. */
function recordingMetrics(): { readonly metrics: Metrics; readonly told: unknown[] } {
  const told: unknown[] = [];
  const metrics: Metrics = {
    contentType: 'text/plain',
    render: async () => '',
    textfile: async () => '',
    phaseEnded: (phase) => void told.push(phase),
    notified: (report) => void told.push(report),
    webhookAlerts: (alerts) => void told.push(alerts),
    webhookDelivered: (at) => void told.push({ at }),
    webhookRefused: (code) => void told.push({ code }),
    ledgerChain: (fits) => void told.push({ fits }),
    webhookTruncated: (count) => void told.push(count),
  };
  return { metrics, told };
}

describe('events', () => {
  it('log a decision by how much it matters', () => {
    const { log, lines } = recordingLog();
    const { decided } = createEvents({ logger: log, metrics: recordingMetrics().metrics });
    decided(escalation());
    decided(escalation({ verdict: 'ignored', reason: 'not_firing', message: 'resolved' }));
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'debug']);
    expect(lines[0]).toMatchObject({
      message: 'escalated: 1.5 days are below the minimum of 3',
      fields: {
        decision_id: 'dec-2',
        prediction_type: 'disk_exhaustion',
        resource: '/srv',
        host: 'nas',
        reason: 'too_urgent',
      },
    });
    expect(lines[0]!.fields).not.toHaveProperty('labels');
  });

  it('log a repeat for debug only, so that a storm is no storm of lines', () => {
    const { log, lines } = recordingLog();
    const { decided } = createEvents({ logger: log, metrics: recordingMetrics().metrics });
    decided(escalation({ repeats: 1 }));
    expect(lines.map(({ level }) => level)).toEqual(['debug']);
  });

  it('log a change of state by how much it matters', () => {
    const { log, lines } = recordingLog();
    const { changed } = createEvents({ logger: log, metrics: recordingMetrics().metrics });
    for (const state of ['dry_run', 'running', 'succeeded', 'rejected', 'failed', 'interrupted'] as const) {
      changed({ execution_id: 'exe-1', playbook: 'p', state, message: 'm' });
    }
    expect(lines.map(({ level }) => level)).toEqual(['debug', 'info', 'info', 'warn', 'error', 'error']);
  });

  it('count what this process saw', () => {
    const { metrics, told } = recordingMetrics();
    const { log, lines } = recordingLog();
    const events = createEvents({ logger: log, metrics });
    events.phaseEnded({ playbook: 'p', phase: 'run', seconds: 2 });
    events.alertsReceived({ receiver: 'grafana', firing: 2, resolved: 1, truncated: 3, at: NOW });
    expect(told).toEqual([
      { playbook: 'p', phase: 'run', seconds: 2 },
      { at: NOW },
      { receiver: 'grafana', status: 'firing', count: 2 },
      { receiver: 'grafana', status: 'resolved', count: 1 },
      3,
    ]);
    expect(lines.find(({ level }) => level === 'warn')?.message).toContain('cut off');
  });

  it('never throw, whatever the log and the metrics do', () => {
    const explode = () => {
      throw new Error('full');
    };
    const events = createEvents({
      logger: { debug: explode, info: explode, warn: explode, error: explode },
      metrics: { ...recordingMetrics().metrics, phaseEnded: explode, notified: explode, webhookAlerts: explode },
    });
    events.decided(escalation());
    events.changed({ execution_id: 'exe-1', playbook: 'p', state: 'failed', message: 'm' });
    events.phaseEnded({ playbook: 'p', phase: 'run', seconds: 2 });
    events.alertsReceived({ receiver: 'grafana', firing: 2, resolved: 1, truncated: 3, at: NOW });
  });
});
