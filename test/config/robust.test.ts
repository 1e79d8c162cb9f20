import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblems } from '../../src/config/problem.ts';
import { createSecret } from '../../src/config/secret.ts';
import { tempDir } from '../support/temp.ts';

const folder = tempDir();
const config = join(folder, 'forestall.yaml');
const mapping = join(folder, 'action-mapping.json');

/** Loads the two texts; problems have to be printable and, unless a file cannot be parsed, have a line. */
function load(configText: string, mappingText: string) {
  writeFileSync(config, configText);
  writeFileSync(mapping, mappingText);
  const loaded = loadConfig({ file: config, env: { HOME: '/h' }, home: '/h' });
  if (!loaded.ok) {
    expect(loaded.problems.length).toBeGreaterThan(0);
    expect(formatProblems(loaded.problems).split('\n').length).toBeGreaterThanOrEqual(loaded.problems.length);
  }
  return loaded;
}

const keys = fc.constantFrom(
  'web',
  'listen',
  'bearer_token',
  'bearer_token_file',
  'store',
  'mapping',
  'predictions',
  'files',
  'playbooks',
  'run',
  'dry_run',
  'env',
  'version',
  'facts',
  'command',
  'promql',
  'forecast',
  'resources',
  'source',
  'discord',
  'webhook_url',
  'mappings',
  'conditions',
  'min_confidence',
  'min_days_until_critical',
  'max_days_until_critical',
  'action',
  'playbook',
  'safety_checks',
  'alertname',
  'id',
  'prediction_type',
  'resource_filter',
  'verify',
  'expect',
  'after',
  'min_days_gained',
  'limits',
  'global_settings',
  'dry_run_mode',
  'parameters',
  'constructor',
  'toString',
  '__proto__',
  'hasOwnProperty',
  '0',
);
const leaves = fc.oneof(
  fc.constantFrom('local', 'prometheus', 'disk_usage < 95%', '1h', '127.0.0.1:1', '~', '~/x', '${HOME}', '${', 'a', ''),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    leaves,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(keys, tie('tree'), { maxKeys: 6, noNullPrototype: true }),
  ),
}));

it('never throws, whatever the documents hold', () => {
  fc.assert(
    fc.property(tree, tree, (one, other) => {
      load(stringify(one), JSON.stringify(other));
      load(stringify({ playbooks: one, facts: other }), stringify({ mappings: [other, one] }));
    }),
    { numRuns: 300 },
  );
});

it('never throws, whatever the text is', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc
      .array(
        fc.constantFrom(
          'a',
          ':',
          ' ',
          '\n',
          '- ',
          '[',
          ']',
          '{',
          '}',
          '"',
          "'",
          '&x',
          '*x',
          '!',
          '|',
          '>',
          '#',
          '%',
          '---',
          '<<',
          '?',
          '\t',
        ),
        {
          maxLength: 30,
        },
      )
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(texts, texts, (one, other) => void load(one, other)),
    { numRuns: 500 },
  );
});

it('never takes anything but false for a dry run that is off', () => {
  fc.assert(
    fc.property(tree, (value) => {
      const loaded = load('{}', JSON.stringify({ mappings: [], global_settings: { dry_run_mode: value } }));
      if (loaded.ok) expect(loaded.config.mapping.global_settings.dry_run_mode).toBe(value);
      if (typeof value !== 'boolean') expect(loaded.ok).toBe(false);
    }),
    { numRuns: 100 },
  );
});

it('a secret shows only where it is revealed', () => {
  const secret = createSecret('canary');
  const held = { list: [secret], map: new Map([['x', secret]]) };
  const shown = [
    String(secret),
    `${secret}`,
    `x${secret as unknown as string}`,
    JSON.stringify(held),
    inspect(held, { depth: 9, showHidden: true }),
  ];
  for (const text of shown) expect(text).not.toContain('canary');
  expect(JSON.stringify({ secret })).toBe('{"secret":"[secret]"}');
  expect(inspect(secret)).toBe('[secret]');
  expect(Object.values(secret).join()).not.toContain('canary');
  expect(secret.reveal()).toBe('canary');
});
