import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { readAlertmanagerConfig } from '../../src/doctor/alertmanager-config.ts';
import { diagnose } from '../../src/doctor/diagnose.ts';
import type { ExpectedRule, LoadedRule } from '../../src/doctor/facts.ts';
import { parseDuration } from '../../src/mapping/duration.ts';
import { NOW } from '../support/decision.ts';
import { healthyFacts, ok } from '../support/doctor.ts';
import { ROOT, readText } from '../support/source-text.ts';

const loaded = loadConfig({ file: join(ROOT, 'config/forestall.yaml'), env: {}, home: '/nonexistent' });
if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
const { mapping, rules: times, execution } = loaded.config;

const [group] = parse(readText('alert-rules/predictions.rules.yml')).groups;
const rules: ExpectedRule[] = group.rules.map((rule: any) => ({
  ...rule,
  for: parseDuration(rule.for),
  keep_firing_for: parseDuration(rule.keep_firing_for),
}));
const known: LoadedRule[] = rules.map((rule) => ({
  ...rule,
  file: 'predictions.rules.yml',
  group: group.name,
  interval: times.interval,
  health: 'ok',
  last_error: '',
  last_evaluation: NOW,
}));

/** What the doctor finds wrong with the shipped mapping and this Alertmanager, of a page or of deploy/. */
function findings(config: object) {
  const { interval } = times;
  const facts = healthyFacts({
    expected: { mapping, rules, interval, retry_after: execution.retry_after },
    prometheus: { rules: ok(known) },
    alertmanager: { config: ok(readAlertmanagerConfig(config)) },
  });
  return diagnose(facts).filter(({ kind }) => kind === 'broken' || kind === 'warning');
}

it('the Alertmanager configuration that is shipped closes the loop for the mapping that is shipped', () => {
  expect(findings(parse(readText('deploy/alertmanager/alertmanager.yml')))).toEqual([]);
});

it('the one in docs/getting-started.md does, once its people have an address', () => {
  const blocks = [...readText('docs/getting-started.md').matchAll(/^( *)```yaml\n([\s\S]*?)^\1```/gm)].map(
    ([, , text]) => parse(text!),
  );
  const config = Object.assign({}, ...blocks);
  expect(findings(config).map(({ id }) => id)).toEqual(['people']);
});
