import { Keyv } from 'keyv';
import { describe, expect, it } from 'vitest';
import { targetKey } from '../../src/prediction/prediction.ts';
import { postedStore } from '../../src/sources/posted.ts';
import { byHand, document, HOUR, NOW, ROOT, STALE_AFTER, setUp } from './sources.ts';

describe('predictions by hand', () => {
  it('are known at once', async () => {
    const { sources, days, changes } = setUp();
    await sources.start();
    const before = changes();
    await sources.post([byHand(5, NOW), byHand(6, NOW, { resource: '/srv', labels: { team: 'a' } })]);
    expect(await days()).toBe(5);
    expect(await sources.current({ ...ROOT, resource: '/srv' })).toMatchObject({
      source: 'api',
      labels: { team: 'a' },
    });
    expect(await sources.all()).toHaveLength(2);
    expect(changes()).toBeGreaterThan(before);
  });

  it('are known again after a restart', async () => {
    const first = setUp();
    await first.sources.post([byHand(5, NOW)]);
    await first.sources.close();
    const { sources, days } = setUp({ posted: postedStore(first.keyv) });
    await sources.start();
    expect(await days()).toBe(5);
    expect(sources.recent(ROOT)).toHaveLength(1);
  });

  it('are replaced by newer and equally old ones, never by older ones', async () => {
    const { sources, days } = setUp();
    await sources.post([byHand(5, NOW - HOUR)]);
    await sources.post([byHand(4, NOW - 2 * HOUR)]);
    expect(await days()).toBe(5);
    await sources.post([byHand(3, NOW - HOUR)]);
    expect(await days()).toBe(3);
    await sources.post([byHand(1, NOW - 30), byHand(2, NOW - 60)]);
    expect(await days()).toBe(1);
  });

  it('posted at the same time end with the newest, whatever their order', async () => {
    const { sources, days } = setUp();
    const times = [3, 9, 1, 7, 5, 8, 2];
    await Promise.all(times.map((time) => sources.post([byHand(time, NOW + time)])));
    expect(await days()).toBe(9);
  });

  it('count beside a file by their age, and where they are equally old', async () => {
    const { sources, write, days } = setUp();
    write(document(8, NOW - HOUR));
    await sources.start();
    await sources.post([byHand(5, NOW - HOUR - 1)]);
    expect(await days()).toBe(8);
    await sources.post([byHand(5, NOW - HOUR)]);
    expect(await days()).toBe(5);
    expect((await sources.all()).map((found) => found.days_until_critical)).toEqual([5]);
  });

  it('are gone for good once a file knew better, also after a restart', async () => {
    const { sources, write, days, keyv } = setUp();
    await sources.post([byHand(5, NOW - HOUR)]);
    write(document(8, NOW));
    await sources.readOnce();
    expect(await days()).toBe(8);
    write('[]');
    await sources.readOnce();
    expect(await days()).toBeUndefined();
    expect(await sources.all()).toEqual([]);
    await sources.close();
    expect(await postedStore(keyv).list()).toEqual([]);
  });

  it('stay when their file entry of the same target leaves, or the file fails', async () => {
    const { sources, write, days } = setUp();
    write(document(8, NOW - 2 * HOUR));
    await sources.readOnce();
    await sources.post([byHand(5, NOW - HOUR)]);
    write('[]');
    await sources.readOnce();
    expect(await days()).toBe(5);
  });

  it('are kept until they are stale twice over, counted from when they were made', async () => {
    const { sources, days, clock } = setUp();
    await sources.post([byHand(5, NOW - HOUR)]);
    clock.now = NOW - HOUR + 2 * STALE_AFTER;
    expect(await days()).toBe(5);
    clock.now += 1;
    expect(await days()).toBeUndefined();
    expect(await sources.all()).toEqual([]);
  });

  it('expire in the storage too, and are not kept when they are that old already', async () => {
    const { sources, keyv } = setUp();
    await sources.post([byHand(5, NOW - HOUR), byHand(5, NOW - 2 * STALE_AFTER, { resource: '/old' })]);
    const raw = (await keyv.getRaw(targetKey(ROOT))) as { expires?: number } | undefined;
    expect(Math.abs((raw?.expires ?? 0) - (Date.now() - HOUR + 2 * STALE_AFTER))).toBeLessThan(60_000);
    expect(await keyv.get(targetKey({ ...ROOT, resource: '/old' }))).toBeUndefined();
  });

  it('are durable when post resolves: a storage that fails is an error, not a loss', async () => {
    const failing = {
      get: async () => undefined,
      set: async () => Promise.reject(new Error('disk full')),
      delete: async () => true,
      clear: async () => {},
    };
    const keyv = new Keyv({ store: failing });
    keyv.on('error', () => {});
    const { sources } = setUp({ posted: postedStore(keyv) });
    await expect(sources.post([byHand(5, NOW)])).rejects.toThrow(/disk full/);
    expect(sources.recent(ROOT)).toEqual([]);
  });

  it('that cannot be read are an error, never "nothing posted"', async () => {
    const broken = {
      get: async () => Promise.reject(new Error('locked')),
      set: async () => true,
      delete: async () => true,
      clear: async () => {},
      // biome-ignore lint/correctness/useYield: it fails before it yields
      async *iterator() {
        throw new Error('locked');
      },
    };
    const keyv = new Keyv({ store: broken });
    keyv.on('error', () => {});
    const { sources, write, logged } = setUp({ posted: postedStore(keyv) });
    write(document(8));
    await sources.start();
    await expect(sources.current(ROOT)).rejects.toThrow(/locked/);
    await expect(sources.all()).rejects.toThrow(/locked/);
    expect(logged.some((line) => line.startsWith('warn posted predictions'))).toBe(true);
  });
});

describe('the stored form', () => {
  it('comes back as it was, and what is no prediction is nothing', async () => {
    const keyv = new Keyv();
    const store = postedStore(keyv);
    const prediction = byHand(5, NOW, { host: 'a', labels: JSON.parse('{"team":"a","__proto__":"b"}') });
    await store.set('a', prediction, 60_000);
    await keyv.set('b', JSON.stringify({ ...prediction, confidence: '0.9' }));
    await keyv.set('c', '{"prediction_type":"half');
    await keyv.set('d', { ...prediction });
    await keyv.set('e', 'null');
    expect(await store.get('a')).toEqual(prediction);
    for (const key of ['b', 'c', 'd', 'e']) expect(await store.get(key)).toBeUndefined();
    expect(await store.get('missing')).toBeUndefined();
    expect(await store.list()).toEqual([prediction]);
    await store.set('a', byHand(6, NOW), 60_000);
    expect(await store.list()).toEqual([byHand(6, NOW)]);
    await store.delete('a');
    expect(await store.list()).toEqual([]);
    expect(await store.get('a')).toBeUndefined();
  });
});

describe('recent predictions', () => {
  it('are the last sixteen, newest first, one per time', async () => {
    const { sources } = setUp();
    for (let i = 0; i < 20; i++) await sources.post([byHand(i, NOW + i)]);
    await sources.post([byHand(99, NOW + 19)]);
    expect(sources.recent(ROOT).map((found) => found.days_until_critical)).toEqual([
      99, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4,
    ]);
    expect(sources.recent({ ...ROOT, host: 'b' })).toEqual([]);
  });

  it('come from files too, and a file that was only touched adds none', async () => {
    const { sources, write } = setUp();
    for (const [days, at] of [
      [8, NOW - 3 * HOUR],
      [7, NOW - 2 * HOUR],
      [7, NOW - 2 * HOUR],
    ] as const) {
      write(document(days, at));
      await sources.readOnce();
    }
    expect(sources.recent(ROOT).map((found) => found.days_until_critical)).toEqual([7, 8]);
  });

  it('are forgotten when the newest is stale twice over', async () => {
    const { sources, write, clock } = setUp();
    write(document(8, NOW));
    await sources.readOnce();
    clock.now = NOW + 2 * STALE_AFTER + 1;
    write('[]');
    await sources.readOnce();
    expect(sources.recent(ROOT)).toEqual([]);
  });
});
