import { expect, test } from 'vitest';
import { keyvOver } from '../../../src/ledger/keyv.ts';
import { LedgerUnavailable } from '../../../src/ledger/ledger.ts';
import { MINUTE, NOW } from '../../support/decision.ts';
import type { TestStore } from '../contract.ts';

export function valuesContract(newStore: () => TestStore): void {
  test('a value is taken away only where it is the one that is named, if one is', async () => {
    const { values } = await newStore().open();
    await values.set('k', 'new', null);
    expect(await values.delete('k', 'old')).toBe(false);
    expect(await values.get('k')).toBe('new');
    expect(await values.delete('k', 'new')).toBe(true);
    expect(await values.delete('k', 'new')).toBe(false);
  });

  test('values are kept, replaced, listed by prefix, expire and go', async () => {
    const store = newStore();
    let now = NOW;
    const { values } = await store.open({ now: () => now });
    const other = (await store.open({ now: () => now })).values;
    await values.set('a:1', 'one', null);
    await values.set('a:1', 'uno', null);
    await values.set('a:2', 'two', NOW + MINUTE);
    await values.set('a%', 'no', null);
    await values.set('b:1', 'no', null);
    expect(await other.get('a:1')).toBe('uno');
    expect(await other.list('a:')).toEqual([
      ['a:1', 'uno'],
      ['a:2', 'two'],
    ]);
    now = NOW + MINUTE;
    expect(await other.get('a:2')).toBeUndefined();
    expect(await other.list('a:')).toEqual([['a:1', 'uno']]);
    expect(await other.delete('a:2')).toBe(false);
    expect(await other.delete('a:1')).toBe(true);
    expect(await values.get('a:1')).toBeUndefined();
    expect(await values.list('')).toHaveLength(2);
  });

  test('many are set at once; of a key that is named twice the last value stays', async () => {
    const { values } = await newStore().open();
    await values.set('m:2', 'old', null);
    const many = Array.from({ length: 8_000 }, (_, at) => [`m:${at}`, `${at}`] as const);
    await values.setAll([...many, ['m:3', 'last']], NOW + MINUTE);
    await values.setAll([], null);
    // Keys with characters that come after others, one being the beginning of another.
    const odd = ['m:7', 'm:7\u{1F4BE}', 'm:7\u0001', 'm:ÿ'].map((key) => [key, 'odd'] as const);
    await values.setAll(odd, null);
    const kept = new Map([...many, ['m:3', 'last'] as const, ...odd]);
    const listed = await values.list('m:');
    expect([listed.length, new Map(listed)]).toEqual([kept.size, kept]);
    expect(await Promise.all(['m:2', 'm:3', 'm:7999'].map(values.get))).toEqual(['2', 'last', '7999']);
  });

  test('a Keyv over them keeps its namespace to itself', async () => {
    const ledger = await newStore().open({ now: Date.now });
    const [one, two] = [keyvOver<{ n: number }>(ledger.values, 'one'), keyvOver<{ n: number }>(ledger.values, 'two')];
    await one.set('k', { n: 1 });
    await two.set('k', { n: 2 }, MINUTE);
    await one.set('gone', { n: 0 }, 1);
    expect([await one.get('k'), await two.get('k')]).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await one.get(['k', 'none'])).toEqual([{ n: 1 }, undefined]);
    await expect.poll(() => one.get('gone')).toBeUndefined();
    const listed: unknown[] = [];
    for await (const entry of two.iterator()) listed.push(entry);
    expect(listed).toEqual([['k', { n: 2 }]]);
    await one.clear();
    expect([await one.has('k'), await two.has('k')]).toEqual([false, true]);
    expect(await two.delete('k')).toBe(true);
    expect(await two.get('k')).toBeUndefined();
  });

  test('a Keyv over a store that does not answer rejects, whoever listens', async () => {
    const ledger = await newStore().open();
    const keyv = keyvOver<number>(ledger.values, 'x');
    keyv.on('error', () => {});
    await keyv.set('k', 1);
    await ledger.close();
    await expect(keyv.get('k')).rejects.toThrow(LedgerUnavailable);
    await expect(keyv.has('k')).rejects.toThrow(LedgerUnavailable);
    await expect(keyv.set('k', 2)).rejects.toThrow(LedgerUnavailable);
    await expect(keyv.delete('k')).rejects.toThrow(LedgerUnavailable);
    await expect(keyv.clear()).rejects.toThrow(LedgerUnavailable);
  });
}
