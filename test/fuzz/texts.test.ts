import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { evaluateCheck, parseCheckExpression } from '../../src/mapping/check-expression.ts';
import { globMatches } from '../../src/mapping/glob.ts';
import { findMapping } from '../../src/mapping/match.ts';
import { readActionMapping } from '../../src/mapping/read.ts';
import { mutated } from '../alert/mutations.ts';
import { SEED } from '../support/seed.ts';
import { tempDir } from '../support/temp.ts';
import { mutatedBytes } from './bytes.ts';
import { MOST_CPU, parameters, RUNS, type Slowest, timed } from './runs.ts';

vi.setConfig({ testTimeout: 120_000 + RUNS * 10 });
console.info(`FORESTALL_SEED=${SEED} FORESTALL_FUZZ_RUNS=${RUNS}`);

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const texts = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(ROOT, folder))
    .filter((name) => ending.test(name))
    .map((name) => read(`${folder}/${name}`));

const CONFIGURATIONS = [
  read('config/forestall.yaml'),
  read('test/config/fixtures/good/forestall.yaml'),
  read('deploy/container/forestall.yaml'),
  ...texts('test/config/fixtures/bad', /\.yaml$/),
];
const MAPPINGS = [
  read('config/action-mapping.json'),
  read('test/mapping/fixtures/plan-action-mapping.json'),
  ...texts('test/config/fixtures/bad-mapping', /\.json$/),
];

/** What can be parsed of them, as a value. */
function values(documents: readonly string[], parser: (text: string) => unknown): readonly unknown[] {
  return documents.flatMap((document) => {
    try {
      return [parser(document)];
    } catch {
      return [];
    }
  });
}

function asserted<T>(what: string, inputs: fc.Arbitrary<T>, share: number, work: (input: T) => void): void {
  const slowest: Slowest = { milliseconds: 0, what: '' };
  const { numRuns, seed } = parameters(share);
  fc.assert(
    fc.property(inputs, (input) =>
      timed(
        slowest,
        () => (typeof input === 'object' && !Array.isArray(input) ? JSON.stringify(input) : String(input)),
        () => work(input),
      ),
    ),
    { numRuns, seed },
  );
  console.info(
    `${numRuns} ${what}: the slowest took ${slowest.milliseconds.toFixed(1)} ms of CPU time: ${slowest.what}`,
  );
  expect(slowest.milliseconds).toBeLessThan(MOST_CPU);
}

const KNOWN = { playbooks: null, facts: null };
const PREDICTION = {
  prediction_type: 'disk_exhaustion',
  resource: '/',
  host: null,
  days_until_critical: 8.2,
  confidence: 0.85,
  observed_at: 0,
  source: 'alert',
  labels: {},
};

test('changed mappings are read or refused with words, and what is read can be used', () => {
  const documents = mutated(fc.constantFrom(...values(MAPPINGS, JSON.parse)), 3);
  asserted('mappings', documents, 1 / 4, (document) => {
    const { mapping, issues } = readActionMapping(document, KNOWN);
    if (mapping === null) {
      expect(issues.length).toBeGreaterThan(0);
      for (const { message } of issues) expect(message).not.toBe('');
      return;
    }
    expect(typeof mapping.global_settings.dry_run_mode).toBe('boolean');
    findMapping(mapping, PREDICTION);
  });
});

test('changed configurations are read or refused with words', () => {
  const folder = tempDir();
  const [file, mapping] = [join(folder, 'forestall.yaml'), join(folder, 'action-mapping.json')];
  const documents = fc.oneof(
    mutatedBytes(fc.constantFrom(...CONFIGURATIONS)),
    mutated(fc.constantFrom(...values(CONFIGURATIONS, (document) => parse(document, { logLevel: 'silent' }))), 3).map(
      (value) => Buffer.from(JSON.stringify(value) ?? ''),
    ),
  );
  const mappings = mutatedBytes(fc.constantFrom(...MAPPINGS));
  asserted('configurations', fc.tuple(documents, mappings), 1 / 20, ([document, beside]) => {
    writeFileSync(file, document);
    writeFileSync(mapping, beside);
    const loaded = loadConfig({ file, env: { HOME: folder }, home: folder });
    if (loaded.ok) return;
    expect(loaded.problems.length).toBeGreaterThan(0);
  });
  expect(existsSync(file)).toBe(true);
});

const EXPRESSIONS = [
  'disk_usage < 95%',
  'no_active_backups',
  'system_health_score >= 50',
  'service_is_running',
  'x==1e3',
];

test('changed safety expressions are read or refused with words, and never pass on what is no number', () => {
  const expressions = mutatedBytes(fc.constantFrom(...EXPRESSIONS)).map((bytes) => bytes.toString());
  asserted('expressions', expressions, 1, (text) => {
    const parsed = parseCheckExpression(text);
    if (!parsed.ok) {
      expect(parsed.problem).not.toBe('');
      return;
    }
    for (const value of [Number.NaN, Infinity, -Infinity]) expect(evaluateCheck(parsed.expression, value)).toBe(false);
  });
});

test('no pattern of a mapping hangs on any resource (fault 46)', () => {
  const glyphs = fc.constantFrom('*', '*', '?', 'a', 'a', 'b', '/');
  const patterns = fc.array(glyphs, { minLength: 1, maxLength: 200 }).map((parts) => parts.join(''));
  const resources = fc
    .array(fc.constantFrom('a', 'a', 'a', 'b', '/'), { maxLength: 1_024 })
    .map((parts) => parts.join(''));
  asserted('patterns', fc.tuple(patterns, resources), 1 / 10, ([pattern, resource]) => {
    expect(globMatches(`*${pattern}`, resource + resource)).toBeTypeOf('boolean');
  });
});
