import { Keyv } from 'keyv';
import { describe, expect, it } from 'vitest';
import { targetKey } from '../../src/prediction/prediction.ts';
import { historyOver } from '../../src/sources/history.ts';
import { createRecent } from '../../src/sources/recent.ts';
import { byHand, document, HOUR, NOW, ROOT, STALE_AFTER, setUp } from './sources.ts';

describe('earlier predictions', () => {
  it('count over one-shot runs, each a process of its own', async () => {
    const earlier = new Keyv();
    for (const [at, days] of [8, 7, 6].entries()) {
      const { sources, write } = setUp({ history: historyOver(earlier) });
      write(document(days, NOW - 3 * HOUR + at * HOUR));
      await sources.readOnce();
      expect(sources.recent(ROOT).map((found) => found.days_until_critical)).toEqual(
        [8, 7, 6].slice(0, at + 1).reverse(),
      );
      await sources.close();
    }
  });

  it('are those of other processes on the store too, when the next one is kept', async () => {
    const earlier = new Keyv();
    const [one, other] = [setUp({ history: historyOver(earlier) }), setUp({ history: historyOver(earlier) })];
    await one.sources.post([byHand(8, NOW - 2)]);
    await other.sources.post([byHand(20, NOW - 1)]);
    await one.sources.post([byHand(7, NOW)]);
    expect(one.sources.recent(ROOT).map((found) => found.days_until_critical)).toEqual([7, 20, 8]);
  });

  it('are kept only where they count', async () => {
    const { sources, earlier } = setUp({ remembers: ({ resource }) => resource === '/srv' });
    await sources.post([byHand(5, NOW), byHand(6, NOW, { resource: '/srv' })]);
    expect(await earlier.get(targetKey({ ...ROOT, resource: '/srv' }))).toContain('"days_until_critical":6');
    expect(await earlier.get(targetKey(ROOT))).toBeUndefined();
  });

  it('are not written again by a file that was only touched', async () => {
    const kept: string[] = [];
    const history = historyOver(new Keyv());
    const { sources, write } = setUp({
      history: {
        ...history,
        async keep(key, recent, ttl) {
          kept.push(key);
          await history.keep(key, recent, ttl);
        },
      },
    });
    for (const _ of [1, 2, 3]) {
      write(document(7));
      await sources.readOnce();
    }
    await sources.close();
    expect(kept).toEqual([targetKey(ROOT)]);
  });

  it('that cannot be read or written hold nothing up and are said', async () => {
    const broken = () => Promise.reject(new Error('disk full'));
    const { sources, days, write, logged } = setUp({ history: { loadInto: broken, keep: broken } });
    write(document(7));
    await sources.readOnce();
    await sources.post([byHand(5, NOW)]);
    expect(await days()).toBe(5);
    await sources.close();
    expect(logged.join()).toMatch(/could not be read: min_consecutive starts anew.*could not be kept/);
  });

  it('in a store that somebody else wrote are as good as nothing', async () => {
    const earlier = new Keyv();
    await earlier.set('a', 'no json');
    await earlier.set('b', '{"observed_at":1}');
    await earlier.set('c', '[null, 1, {"observed_at":1}]');
    await earlier.set('d', JSON.stringify([byHand(5, NOW - STALE_AFTER)]));
    const recent = createRecent();
    await historyOver(earlier).loadInto(recent);
    expect(['a', 'b', 'c', 'd'].map((key) => recent.of(key).length)).toEqual([0, 0, 0, 1]);
  });
});
