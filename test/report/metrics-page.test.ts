import { beforeAll, describe, expect, it, vi } from 'vitest';
import { VERDICT_OF } from '../../src/decision/reason.ts';
import { type ExposedFamily, readExposition } from '../support/exposition.ts';
import { startLivingService } from '../support/living.ts';
import { DOCUMENTED, LABEL_VALUES } from '../support/metrics-page.ts';

vi.setConfig({ hookTimeout: 120_000 });

describe('docs/metrics.md and what a real service exports', () => {
  let exposed: readonly ExposedFamily[];
  beforeAll(async () => {
    exposed = readExposition(await (await startLivingService()).metrics());
  });
  const samplesOf = (name: string) => exposed.find((family) => family.name === name)?.samples ?? [];

  it('name the same families, with their types', () => {
    const named = (families: readonly { readonly name: string; readonly type: string }[]) =>
      families.map(({ name, type }) => `${name} ${type}`).sort();
    expect(named(DOCUMENTED)).toEqual(named(exposed));
  });

  it('have a unit, a meaning, and values that every sample keeps to', () => {
    for (const { name, type, unit, meaning, range } of DOCUMENTED) {
      if (!name.endsWith('_info')) expect(unit, name).toMatch(/\w/);
      expect(meaning, name).toMatch(/^[A-Z0-9].*\.$/);
      for (const { name: series, value } of samplesOf(name)) {
        if (type === 'histogram' || Number.isNaN(value)) continue;
        expect(value, series).toBeGreaterThanOrEqual(range.lo);
        expect(value, series).toBeLessThanOrEqual(range.hi);
        if (range.whole === true) expect(Number.isInteger(value), series).toBe(true);
      }
    }
  });

  it('agree on the labels', () => {
    for (const { name, labels } of DOCUMENTED) {
      for (const sample of samplesOf(name)) {
        const found = Object.keys(sample.labels).filter((label) => label !== 'le');
        expect(
          found.filter((label) => !labels.includes(label)),
          name,
        ).toEqual([]);
        expect(
          labels.filter((label) => !found.includes(label)),
          name,
        ).toEqual(labels.includes('host') && sample.labels['host'] === undefined ? ['host'] : []);
      }
    }
  });

  it('describe each label of our own once, and every value of a closed one is exported', () => {
    const ours = DOCUMENTED.filter(({ name }) => !/^(?:process|nodejs)_/.test(name));
    expect([...LABEL_VALUES.keys()].sort()).toEqual([...new Set(ours.flatMap(({ labels }) => labels))].sort());
    for (const [label, values] of LABEL_VALUES) {
      if (values === null) continue;
      const exported = ours.flatMap(({ name }) => samplesOf(name).flatMap(({ labels }) => labels[label] ?? []));
      expect([...new Set(exported)].sort(), label).toEqual([...values].sort());
    }
  });

  it('show every reason with its verdict from the start', () => {
    const pairs = samplesOf('proactive_remediation_decisions_total')
      .filter(({ labels }) => labels['prediction_type'] === 'service_drift')
      .map(({ labels }) => [labels['reason'], labels['verdict']]);
    expect(Object.fromEntries(pairs)).toEqual(VERDICT_OF);
  });

  it('show the life of the service', () => {
    const value = (name: string, labels: Record<string, string> = {}) =>
      samplesOf(`proactive_remediation_${name}`).find((sample) =>
        Object.entries(labels).every(([label, wanted]) => sample.labels[label] === wanted),
      )?.value;
    expect(value('executions_total', { playbook: 'recording', result: 'success' })).toBe(1);
    expect(value('executions_total', { playbook: 'failing', result: 'failure' })).toBe(1);
    expect(value('awaiting_approval', { playbook: 'confirmed' })).toBe(1);
    expect(value('actionable_predictions', { mapping: 'disk_exhaustion:/data' })).toBe(1);
    expect(value('mapping_max_days', { mapping: 'disk_exhaustion:/asks' })).toBe(14);
    expect(value('mapping_max_days', { mapping: 'service_drift:*' })).toBeUndefined();
  });
});
