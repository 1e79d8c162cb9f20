import { describe, expect, it } from 'vitest';
import { situationOf } from '../../src/alert/situation.ts';
import { routesFor } from '../../src/doctor/routing.ts';
import { testAlert } from '../../src/doctor/test-alert.ts';
import { regexMatches } from '../../src/prometheus/matcher-regex.ts';
import { MINUTE, NOW } from '../support/decision.ts';
import { alertmanagerConfig, healthyFacts } from '../support/doctor.ts';

const route = (config: any) => config.route.routes[0];
const MARK = 'c0ffee';

describe('the alert of --send-test-alert', () => {
  const WAYS: readonly (readonly [what: string, change: (config: any) => void, held: number])[] = [
    ['a label of every window alert', () => {}, MINUTE / 2],
    [
      'the alert’s name',
      (config) => Object.assign(route(config), { matchers: ['alertname=~".*Predicted"'] }),
      MINUTE / 2,
    ],
    ['the type', (config) => Object.assign(route(config), { matchers: ['prediction_type=~".+"'] }), MINUTE / 2],
    ['the resource', (config) => Object.assign(route(config), { matchers: ['resource="/srv"'] }), MINUTE / 2],
    [
      'a group that is there already',
      (config) =>
        Object.assign(route(config), { matchers: ['resource="/srv"'], group_by: ['resource'], group_wait: '10s' }),
      MINUTE / 6 + 5 * MINUTE,
    ],
    ['every label', (config) => Object.assign(route(config), { group_by: ['...'] }), MINUTE / 2],
  ];
  it.each(WAYS)('takes the way of a window alert, by %s, and is no prediction', (_what, change, held) => {
    const config = alertmanagerConfig(change);
    const alert = testAlert(healthyFacts(), config, MARK)!;
    expect(alert.held).toBe(held);
    expect(routesFor(config.route, alert.labels, regexMatches).routes[0]!.receiver).toBe('forestall');
    expect(alert.labels['forestall_doctor']).toBe(MARK);
    const read = { status: 'firing', labels: alert.labels, annotations: {}, starts_at: NOW, fingerprint: 'f' } as const;
    expect(situationOf({ ok: true, alert: read }).is_prediction).toBe(false);
  });

  it('is not sent where it could not arrive', () => {
    const change = (config: any) => Object.assign(route(config), { matchers: ['alertname="A"', 'alertname="B"'] });
    expect(testAlert(healthyFacts(), alertmanagerConfig(change), MARK)).toBeNull();
    const elsewhere = (config: any) => Object.assign(config, { receivers: [] });
    expect(testAlert(healthyFacts(), alertmanagerConfig(elsewhere), MARK)).toBeNull();
  });

  it('is not sent as a prediction, also where only a prediction would be delivered', () => {
    const change = (config: any) =>
      Object.assign(route(config), { matchers: ['alertname=~".*Predicted"', 'prediction_type=~".+"'] });
    expect(testAlert(healthyFacts(), alertmanagerConfig(change), MARK)).toBeNull();
  });
});
