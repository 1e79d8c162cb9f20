import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readAlertmanagerConfig } from '../../src/doctor/alertmanager-config.ts';
import type { Labels } from '../../src/doctor/matcher.ts';
import { inhibits, routesFor } from '../../src/doctor/routing.ts';
import { regexMatches } from '../../src/prometheus/matcher-regex.ts';
import { HOUR, MINUTE } from '../support/decision.ts';
import { configOf, routeTree } from '../support/route-trees.ts';

/** The tree that Alertmanager's own tests walk. */
const TREE = readAlertmanagerConfig(
  parse(`
route:
  receiver: notify-def
  routes:
    - match: { owner: team-A }
      receiver: notify-A
      routes:
        - match: { env: testing }
          receiver: notify-testing
          group_by: ['...']
        - match: { env: production }
          receiver: notify-productionA
          group_wait: 1m
          continue: true
        - match_re: { env: 'produ.*', job: '.*' }
          receiver: notify-productionB
          group_wait: 30s
          group_interval: 5m
          repeat_interval: 1h
          group_by: [job]
    - match_re: { owner: team-(B|C) }
      group_by: [foo, bar]
      group_wait: 2m
      receiver: notify-BC
    - matchers: [group_by="role"]
      group_by: [role]
      routes:
        - match: { env: testing }
          receiver: notify-testing
          routes:
            - match: { wait: long }
              group_wait: 2m
`),
).route;

const walk = (labels: Labels) => routesFor(TREE, labels, regexMatches).routes;

describe('the way of an alert', () => {
  const plain = { group_by: [], group_wait: MINUTE / 2, group_interval: 5 * MINUTE, repeat_interval: 4 * HOUR };
  it.each([
    [{}, [{ path: 'route', receiver: 'notify-def', ...plain }]],
    [{ owner: 'team-A' }, [{ path: 'route.routes[0]', receiver: 'notify-A', ...plain }]],
    [{ owner: 'team-A', env: 'unset' }, [{ receiver: 'notify-A', ...plain }]],
    [{ owner: 'team-C' }, [{ receiver: 'notify-BC', ...plain, group_by: ['foo', 'bar'], group_wait: 2 * MINUTE }]],
    [
      { owner: 'team-A', env: 'testing' },
      [{ path: 'route.routes[0].routes[0]', receiver: 'notify-testing', group_by: null }],
    ],
    [
      { owner: 'team-A', env: 'production' },
      [
        { receiver: 'notify-productionA', ...plain, group_wait: MINUTE },
        {
          receiver: 'notify-productionB',
          group_wait: MINUTE / 2,
          group_interval: 5 * MINUTE,
          repeat_interval: HOUR,
          group_by: ['job'],
        },
      ],
    ],
    [{ owner: 'team-BC' }, [{ receiver: 'notify-def' }]],
    [{ group_by: 'role' }, [{ receiver: 'notify-def', ...plain, group_by: ['role'] }]],
    [{ env: 'testing', group_by: 'role' }, [{ receiver: 'notify-testing', ...plain, group_by: ['role'] }]],
    [
      { env: 'testing', group_by: 'role', wait: 'long' },
      [{ receiver: 'notify-testing', ...plain, group_by: ['role'], group_wait: 2 * MINUTE }],
    ],
  ])('%j', (labels, expected) => expect(walk(labels as Labels)).toMatchObject(expected));

  it('ends somewhere, in the order of the tree, and in one place where nothing continues', () => {
    fc.assert(
      fc.property(routeTree, fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y')), (tree, labels) => {
        const { routes, doubtful } = routesFor(configOf(tree).route, labels, regexMatches);
        expect(doubtful).toEqual([]);
        expect(routes.length).toBeGreaterThan(0);
        expect(routes.map(({ path }) => path)).toEqual([...new Set(routes.map(({ path }) => path))].sort());
        if (!JSON.stringify(tree).includes('"continue":true')) expect(routes).toHaveLength(1);
      }),
    );
  });

  it('what cannot be judged is taken as not matching, and told', () => {
    const tree = configOf({ routes: [{ receiver: 'r1', matchers: ['a=~"(x+)+"'] }] }).route;
    expect(routesFor(tree, { a: 'x' }, regexMatches)).toMatchObject({
      routes: [{ path: 'route' }],
      doubtful: ['route.routes[0]'],
    });
  });
});

describe('inhibition', () => {
  const held = (rule: object, source: Labels, target: Labels) => {
    const { inhibit_rules } = readAlertmanagerConfig({
      route: { receiver: 'r0' },
      receivers: [],
      inhibit_rules: [rule],
    });
    return inhibits(inhibit_rules[0]!, { source, target }, regexMatches);
  };
  const rule = { source_match: { s: '1' }, target_match: { t: '1' }, equal: ['e'] };
  it.each([
    [{ s: '1', e: '1' }, { t: '1', e: '1' }, true],
    [{ s: '1', e: '1' }, { t: '1', e: '2' }, false],
    [{ s: '0', e: '1' }, { t: '1', e: '1' }, false],
    [{ s: '1', e: '1' }, { t: '0', e: '1' }, false],
    [{ s: '1' }, { t: '1' }, true],
    [{ s: '1', e: '' }, { t: '1' }, true],
    [{ s: '1', t: '1' }, { s: '1', t: '1' }, false],
    [{ s: '1', t: '1' }, { t: '1' }, true],
    [{ s: '1' }, { s: '1', t: '1' }, true],
  ])('%j holds back %j: %s', (source, target, expected) =>
    expect(held(rule, source as Labels, target as Labels)).toBe(expected),
  );

  it('by the newer form of matchers, and regular expressions', () => {
    const newer = { source_matchers: ['s=~"1|2"'], target_match_re: { t: '[12]' }, equal: [] };
    expect(held(newer, { s: '2' }, { t: '1' })).toBe(true);
    expect(held(newer, { s: '3' }, { t: '1' })).toBe(false);
    expect(held({ source_matchers: ['s=~"(1+)+"'], target_match: { t: '1' } }, { s: '1' }, { t: '1' })).toBeNull();
  });
});
