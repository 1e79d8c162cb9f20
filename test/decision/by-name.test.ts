import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../src/alert/alert.ts';
import { predictionByName } from '../../src/alert/by-name.ts';
import type { PlaybookConfig } from '../../src/config/config.ts';
import { decide } from '../../src/decision/decide.ts';
import type { DecisionInput } from '../../src/decision/decision.ts';
import { inputFromAlert } from '../../src/loop/gather.ts';
import type { AlertMatch } from '../../src/mapping/mapping.ts';
import { findMapping, findMappingByName, mappingOf } from '../../src/mapping/match.ts';
import { readActionMapping } from '../../src/mapping/read.ts';
import { placeholderValues, substitute } from '../../src/playbook/arguments.ts';
import { unsafeValue } from '../../src/playbook/unsafe-value.ts';
import {
  DAY,
  HOUR,
  MINUTE,
  NOW,
  permittingFacts,
  permittingInput,
  permittingMapping,
  permittingPolicy,
  runsAt,
} from '../support/decision.ts';

const match = (changes: Partial<AlertMatch> = {}): AlertMatch => ({
  alertname: 'ContainerDown',
  labels: {},
  resource: null,
  resource_label: null,
  ...changes,
});
const alert = (labels: Record<string, string> = {}): Alert => ({
  status: 'firing',
  labels: { alertname: 'ContainerDown', name: 'web', instance: 'nas:9100', ...labels },
  annotations: {},
  starts_at: NOW - MINUTE,
  fingerprint: '0a1b2c3d4e5f6071',
});
const conditions = { min_days_until_critical: 7, max_days_until_critical: 10, min_confidence: 1, min_consecutive: 9 };

function input(changes: Partial<DecisionInput> = {}): DecisionInput {
  const prediction = predictionByName(alert(), match(), NOW);
  const mapping = permittingMapping({ alert: match(), prediction_type: 'alert:ContainerDown', conditions });
  const situation = { ...permittingInput().alert!, alertname: 'ContainerDown', is_prediction: false };
  return permittingInput({ alert: situation, target: prediction, prediction, mapping, consecutive: 0, ...changes });
}

describe('the gates of an alert that a mapping names', () => {
  it('ask nothing of days, confidence and forecasts', () => {
    const draft = decide(input(), permittingFacts({ proof: { scored: 100, came_true: 0 } }));
    expect(draft.verdict).toBe('approved');
    const skipped = draft.gates.filter(({ message }) => message.includes('by its name'));
    expect(skipped.map(({ gate, outcome }) => [gate, outcome])).toEqual(
      ['too_urgent', 'not_urgent_yet', 'low_confidence', 'not_persistent', 'unproven'].map((gate) => [gate, 'skip']),
    );
  });

  const late = permittingFacts({ runs: runsAt([NOW - HOUR]) });
  const situation = input().alert!;
  it.each([
    ['not_firing', input({ alert: { ...situation, status: 'resolved' } }), permittingFacts()],
    ['kill_switch', input({ policy: permittingPolicy({ enable_auto_remediation: false }) }), permittingFacts()],
    ['no_mapping', input({ mapping: null }), permittingFacts()],
    ['unsafe_value', input({ unsafe_value: 'no' }), permittingFacts()],
    ['excluded', input({ policy: permittingPolicy({ exclude: ['we?'] }) }), permittingFacts()],
    ['stale_prediction', input({ alert: { ...situation, starts_at: NOW + 6 * MINUTE } }), permittingFacts()],
    ['stale_prediction', input({ now: NOW + 27 * HOUR }), permittingFacts()],
    ['in_progress', input(), permittingFacts({ unfinished: { execution_id: 'x', state: 'claimed', claimed_at: NOW } })],
    ['circuit_open', input(), permittingFacts({ runs: runsAt([NOW - HOUR, NOW - HOUR, NOW - HOUR], 'failed') })],
    ['cooldown', input(), late],
    [
      'settling',
      input(),
      permittingFacts({ settling: { execution_id: 'x', ended_at: NOW - DAY, verify_at: NOW + 1 } }),
    ],
    ['retry_later', input(), permittingFacts({ stopped: { state: 'rejected', at: NOW - MINUTE } })],
    [
      'daily_limit',
      input({ policy: permittingPolicy({ max_daily_executions: 1 }) }),
      permittingFacts({ all_runs: [NOW - HOUR] }),
    ],
  ] as const)('%s holds it as any other', (reason, given, facts) => {
    expect(decide(given, facts).reason).toBe(reason);
  });
});

describe('what an alert is about', () => {
  it.each([
    [{ resource: 'r', service: 's' }, {}, 'r'],
    [{ service: 's' }, {}, 's'],
    [{}, {}, 'web'],
    [{ name: '' }, {}, 'nas:9100'],
    [{ name: '', mountpoint: '/srv' }, {}, '/srv'],
    [{ name: '', instance: '' }, {}, 'ContainerDown'],
    [{ container: 'c' }, { resource_label: 'container' }, 'c'],
    [{}, { resource_label: 'container' }, 'ContainerDown'],
    [{ service: 's' }, { resource: 'crowdsec' }, 'crowdsec'],
  ])('%j with %j is %s', (labels, more, resource) => {
    const prediction = predictionByName(alert(labels), match(more), NOW, 'instance');
    const host = 'instance' in labels ? null : 'nas';
    expect(prediction).toMatchObject({ prediction_type: 'alert:ContainerDown', resource, host, source: 'alert' });
  });
});

describe('which mapping it is', () => {
  const { mapping } = readActionMapping(
    {
      mappings: [
        { id: 'web', alertname: 'A', labels: { name: 'web*', env: '*' }, action: { playbook: 'p', version: '1' } },
        { id: 'any', alertname: 'A', action: { playbook: 'p', version: '1' } },
        { id: 'never', alertname: 'A', labels: { x: 'y' }, action: { playbook: 'p', version: '1' } },
      ],
    },
    { playbooks: null, facts: [] },
  );
  it.each([
    [{ alertname: 'A', name: 'web1', env: 'x' }, 'web'],
    [{ alertname: 'A', name: 'web1', env: '' }, 'any'],
    [{ alertname: 'A', name: 'db', env: 'x' }, 'any'],
    [{ alertname: 'a', name: 'web1', env: 'x' }, undefined],
    [{ name: 'web1' }, undefined],
  ] as const)('%j: %s', (labels, id) => {
    expect(findMappingByName(mapping!, labels as Record<string, string>)?.id).toBe(id);
  });

  it('is warned of where it can never be the one', () => {
    const { warnings } = readActionMapping(
      {
        mappings: [
          { id: 'a', alertname: 'A', labels: { name: 'w*' }, action: { playbook: 'p', version: '1' } },
          { id: 'b', alertname: 'A', labels: { name: 'web*', x: 'y' }, action: { playbook: 'p', version: '1' } },
          { id: 'c', alertname: 'A', labels: { x: 'y' }, action: { playbook: 'p', version: '1' } },
        ],
      },
      { playbooks: null, facts: [] },
    );
    expect(warnings).toEqual([
      { path: ['mappings', 1], on: 'value', message: expect.stringMatching(/^the mapping "b" can never match: "a"/) },
    ]);
  });

  it('is none for a prediction, whatever its type and labels; nor by type for an alert', () => {
    const prediction = predictionByName(alert({ alertname: 'A' }), match({ alertname: 'A' }), NOW);
    expect(mappingOf(mapping!, prediction)?.id).toBe('any');
    for (const source of ['api', 'file:/x', 'forecast:local', 'cli'])
      expect(mappingOf(mapping!, { ...prediction, source })).toBeNull();
    expect(findMapping(mapping!, prediction)).toBeNull();
  });
});

/** `{label.name}` alone, and inside of an argument. */
const playbook: PlaybookConfig = {
  name: 'restart',
  ansible: null,
  run: ['/bin/restart', '{label.name}', '--on={label.name}', 'x{label.name}'],
  dry_run: ['/bin/restart', '{label.name}', '--dry-run'],
} as unknown as PlaybookConfig;

it('a label is one argument, as it is, and never an option; or it is refused', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string().map((text) => `-${text}`),
      ),
      (name) => {
        const prediction = predictionByName(alert({ name }), match(), NOW);
        const problem = unsafeValue(playbook, prediction, {});
        const values = placeholderValues(playbook.name, prediction, {});
        const substituted = substitute(playbook.run, values);
        if (name === '' || name.startsWith('-') || /\p{Cc}/u.test(name)) expect(problem).not.toBeNull();
        if (problem !== null) return;
        expect(substituted).toEqual({ ok: true, argv: ['/bin/restart', name, `--on=${name}`, `x${name}`] });
      },
    ),
    { numRuns: 500 },
  );
});

const texts = fc.constantFrom('A', 'B', 'TestAlert', 'DatasourceError', 'web', 'db', '', 'disk_exhaustion');
const labelNames = fc.constantFrom('alertname', 'name', 'service', 'prediction_type', 'resource', 'rulename', 'host');

it('without a mapping that matches its labels, and while it is resolved, nothing runs', async () => {
  const entry = fc.record({
    alertname: fc.constantFrom('A', 'B'),
    labels: fc.dictionary(labelNames, fc.constantFrom('web', 'w*', '*')),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(entry, { maxLength: 3, selector: (one) => JSON.stringify(one) }),
      fc.dictionary(labelNames, texts),
      fc.constantFrom('firing' as const, 'resolved' as const),
      async (entries, labels, status) => {
        const mappings = entries.map((one, at) => ({ ...one, id: `m${at}`, action: { playbook: 'p', version: '1' } }));
        const { mapping } = readActionMapping({ mappings }, { playbooks: null, facts: [] });
        const config: any = {
          mapping,
          webhook: { host_label: 'host' },
          playbooks: { p: playbook },
          predictions: { stale_after: DAY },
          execution: { retry_after: HOUR, circuit_breaker: { failures: 3, reset_after: DAY } },
          forecast: null,
        };
        const made = await inputFromAlert(
          { ok: true, alert: { ...alert(), labels, status } },
          {
            now: () => NOW,
            config: () => config,
            timeZone: () => 'UTC',
            predictions: { current: async () => null, recent: () => [] },
            playbooks: { unsafeValue: () => null, fleet: () => null },
          },
        );
        const { verdict } = decide(made, permittingFacts());
        const named = entries.some(
          (one) =>
            labels['alertname'] === one.alertname &&
            Object.entries(one.labels).every(
              ([name, glob]) => labels[name] && (glob === '*' || labels[name]!.startsWith('w') === (glob[0] === 'w')),
            ),
        );
        const grafana = /TestAlert|Datasource/.test(`${labels['alertname']} ${labels['rulename']}`);
        expect(verdict === 'approved').toBe(status === 'firing' && named && !grafana);
      },
    ),
    { numRuns: 1000 },
  );
});
