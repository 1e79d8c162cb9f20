import { expect, test } from 'vitest';
import { decide } from '../../../src/decision/decide.ts';
import { MINUTE, NOW, permittingPolicy } from '../../support/decision.ts';
import type { TestStore } from '../contract.ts';
import { claim, inputAbout, owner, step } from '../support.ts';

const refused = (changes: Parameters<typeof inputAbout>[0] = {}) => ({
  ...inputAbout(changes),
  unsafe_value: 'it holds a newline',
});

export function decisions(newStore: () => TestStore): void {
  test('a refusal is kept with all that was compared', async () => {
    const store = newStore();
    const ledger = await store.open();
    const odd = { resource: 'a\0b"\u{1f600}\u2028', host: null };
    const input = refused(odd);
    const [recorded] = await ledger.record([input], owner());
    expect(recorded!.hold).toBeNull();
    expect(recorded!.decision).toMatchObject({
      decided_at: NOW,
      trigger: 'webhook',
      alertname: 'DiskExhaustionPredicted',
      fingerprint: '0a1b2c3d4e5f6071',
      target: input.target,
      prediction: input.prediction,
      mapping: 'disk_exhaustion:/srv',
      playbook: 'disk-cleanup',
      verdict: 'rejected',
      reason: 'unsafe_value',
      message: 'it holds a newline',
      execution_id: null,
      repeats: 0,
      last_at: NOW,
    });
    expect((await (await store.open()).decisions({ limit: 5 })).items).toEqual([recorded!.decision]);
  });

  test('a repeat is counted on its first record and answered with what this alert said', async () => {
    const ledger = await newStore().open();
    const [first] = await ledger.record([refused()], owner());
    const again = refused({ now: NOW + MINUTE, trigger: 'api' });
    const [second] = await ledger.record([{ ...again, unsafe_value: 'another value', alert: null }], owner());
    expect(second!.decision).toMatchObject({
      id: first!.decision.id,
      trigger: 'api',
      alertname: null,
      fingerprint: null,
      message: 'another value',
      decided_at: NOW + MINUTE,
      repeats: 1,
    });
    const { items } = await ledger.decisions({ limit: 5 });
    expect(items).toEqual([{ ...first!.decision, repeats: 1, last_at: NOW + MINUTE }]);
  });

  test('another reason, another target, another host is a record of its own', async () => {
    const ledger = await newStore().open();
    const switchedOff = inputAbout({ policy: permittingPolicy({ enable_auto_remediation: false }) });
    const inputs = [refused(), switchedOff, refused(), refused({ host: null }), refused({ resource: '/b' })];
    const recorded = await ledger.record(inputs, owner());
    expect(new Set(recorded.map(({ decision }) => decision.id)).size).toBe(5);
  });

  test('alerts that cannot be read repeat each other', async () => {
    const ledger = await newStore().open();
    const unreadable = () => {
      const alert = { ...inputAbout().alert!, problem: 'labels: expected an object', alertname: null, starts_at: null };
      return { ...inputAbout(), alert, target: null, prediction: null, mapping: null };
    };
    const recorded = await ledger.record([unreadable(), unreadable()], owner());
    expect(recorded.map(({ decision }) => [decision.reason, decision.repeats])).toEqual([
      ['unreadable', 0],
      ['unreadable', 1],
    ]);
  });

  test('`repeat` knows the newest record of the target, and only with the same reason', async () => {
    const store = newStore();
    const [ledger, other] = [await store.open(), await store.open()];
    const input = refused();
    const draft = decide(input, await ledger.facts(input));
    expect(await ledger.repeat(input, draft)).toBeNull();
    const [first] = await other.record([input], owner());
    const repeated = await ledger.repeat({ ...input, now: NOW + MINUTE }, draft);
    expect(repeated).toEqual({ ...first!.decision, decided_at: NOW + MINUTE, last_at: NOW + MINUTE, repeats: 1 });
    expect((await ledger.decisions({ limit: 1 })).items[0]).toMatchObject({ repeats: 1, last_at: NOW + MINUTE });

    await other.record([inputAbout({ policy: permittingPolicy({ enable_auto_remediation: false }) })], owner());
    expect(await ledger.repeat(input, draft)).toBeNull();
  });

  test('an approval and an ignored alert are never repeats', async () => {
    const ledger = await newStore().open();
    const input = inputAbout();
    const approval = decide(input, await ledger.facts(input));
    await claim(ledger, input);
    expect(await ledger.repeat(input, approval)).toBeNull();
    const resolved = inputAbout({ alert: { ...input.alert!, status: 'resolved' } });
    const ignored = decide(resolved, await ledger.facts(resolved));
    const [recorded] = await ledger.record([resolved], owner());
    expect(recorded!.decision).toMatchObject({ verdict: 'ignored', id: '' });
    expect(await ledger.repeat(resolved, ignored)).toBeNull();
    expect((await ledger.decisions({ limit: 5 })).items).toHaveLength(1);
  });

  test('two approvals of one target are two records', async () => {
    const ledger = await newStore().open();
    await ledger.advance(await claim(ledger), step('expired', NOW));
    await ledger.advance(await claim(ledger), step('expired', NOW));
    expect((await ledger.decisions({ limit: 5 })).items.map(({ verdict }) => verdict)).toEqual([
      'approved',
      'approved',
    ]);
  });

  test('an escalation leaves with one report, its repeats with none', async () => {
    const ledger = await newStore().open();
    const urgent = () => {
      const input = inputAbout();
      return { ...input, prediction: { ...input.prediction!, days_until_critical: 1 } };
    };
    const [first] = await ledger.record([urgent(), urgent()], owner());
    expect(first!.decision.verdict).toBe('escalated');
    await ledger.record([urgent()], owner());
    const reports = await ledger.takeReports('discord', NOW, 10, MINUTE);
    expect(reports.map(({ subject }) => subject)).toEqual([{ kind: 'escalation', decision: first!.decision }]);
    expect(await ledger.takeReports('context_log', NOW, 10, MINUTE)).toEqual([]);
  });

  test('pages go back to the first record, without gaps, while new ones arrive', async () => {
    const ledger = await newStore().open();
    const record = (resource: string) => ledger.record([refused({ resource })], owner());
    for (let at = 0; at < 7; at++) await record(`/${at}`);
    const seen: (string | undefined)[] = [];
    let before: string | undefined;
    do {
      const page = await ledger.decisions(before === undefined ? { limit: 3 } : { limit: 3, before });
      seen.push(...page.items.map(({ target }) => target?.resource));
      before = page.next ?? undefined;
      await record(`/new${seen.length}`);
    } while (before !== undefined);
    expect(seen).toEqual(['/6', '/5', '/4', '/3', '/2', '/1', '/0']);
    await expect(ledger.decisions({ limit: 3, before: "1' OR 1" })).rejects.toThrow(RangeError);
  });
}
