import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvents } from '../../../src/playbook/ansible/events.ts';
import { playFailure, playResult } from '../../../src/playbook/ansible/outcome.ts';

const COUNTS = { ok: 3, changed: 0, unreachable: 0, failures: 0, skipped: 0, rescued: 0, ignored: 0 };
const stats = (counts: object = {}, custom: object = {}) => ({
  event: 'stats',
  hosts: { web1: { ...COUNTS, ...counts } },
  custom,
});
const events = (...all: readonly object[]) => readEvents(all.map((event) => `${JSON.stringify(event)}\n`).join(''));
const failed = (task: string, message: string) => ({ event: 'failed', host: 'web1', task, message });
const resultOf = (...all: readonly object[]) => playResult(events(...all), 'web1');

describe('a play failed', () => {
  const words = (exit: number, ...all: readonly object[]) => playFailure(events(...all), exit, 'web1', 'last line: x');

  it('not, where it ended with 0 and the host was in it', () => {
    expect(words(0, stats({ changed: 2 }))).toBeNull();
    expect(words(0, failed('a', 'rescued'), stats({ rescued: 1 }))).toBeNull();
  });

  it('where the host could not be reached, or a task failed: the last one, as those before were rescued', () => {
    const unreachable = { event: 'unreachable', host: 'web1', task: 'a', message: 'no route\nto host' };
    expect(words(4, unreachable, stats({ unreachable: 1 }))).toBe('host web1 is unreachable: no route to host');
    expect(words(2, failed('a', 'x'), failed('b', 'y'), stats({ failures: 1 }))).toBe('task "b" failed on web1: y');
    expect(words(0, failed('a', 'x'), stats({ failures: 1 }))).toBe('task "a" failed on web1: x');
  });

  it('where nothing in it was for the host', () => {
    expect(words(0, { event: 'stats', hosts: {}, custom: {} })).toBe(
      'no task of the play was for web1: look at its hosts:',
    );
  });

  it('where the plugin did not tell of it, and where Ansible itself failed', () => {
    expect(words(0)).toMatch(/^exit code 0, but its statistics are missing/);
    expect(words(1)).toBe('exit code 1; last line: x');
  });
});

describe('the result of a play', () => {
  it('is as many changes as tasks changed something, and its statistics in words', () => {
    expect(resultOf(stats({ changed: 2 }))).toEqual({
      result: {
        summary: 'web1: ok=3 changed=2 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0',
        changes: 2,
        freed_bytes: null,
        downtime_seconds: null,
        affects: [],
      },
      problem: null,
    });
  });

  it('is what it says itself: of the host over that of the whole play, numbers as texts too', () => {
    const custom = {
      _run: { freed_bytes: 1, summary: 'all' },
      web1: { freed_bytes: '2048', changes: '7' },
      web2: { changes: 9 },
    };
    expect(resultOf(stats({ changed: 2 }, custom)).result).toMatchObject({
      changes: 7,
      freed_bytes: 2048,
      summary: 'all',
    });
  });

  it('is unusable where that is of another kind', () => {
    expect(resultOf(stats({}, { web1: { changes: 'many' } })).problem).toMatch(
      /^set_stats of forestall is unusable: changes/,
    );
  });

  it('promises no "nothing to do" where a task could not tell', () => {
    const unchecked = { event: 'unchecked', host: 'web1', task: 'restart' };
    expect(resultOf(unchecked, stats()).result).toMatchObject({
      changes: null,
      summary: expect.stringMatching(/; cannot tell in check mode: "restart"$/),
    });
    expect(resultOf(unchecked, stats({ changed: 1 })).result?.changes).toBe(1);
    expect(resultOf(unchecked, stats({}, { web1: { changes: 0 } })).result?.changes).toBe(0);
    expect(resultOf(stats()).result?.changes).toBe(0);
  });

  it('is none where the play did not come to its end', () => {
    expect(resultOf({ event: 'task', task: 'a' })).toEqual({ result: null, problem: null });
  });
});

describe('events', () => {
  it('are read up to where a kill cut them off, and others are left out', () => {
    const read = readEvents(
      `{"event":"task","task":"a"}\n{"event":"new","x":1}\nnot json\n{"event":"task","task":"b"}\n{"event":"ta`,
    );
    expect(read).toMatchObject({ task: 'b', failed: [], stats: null });
  });

  it('are never an exception, whatever the text', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void readEvents(text)));
  });

  it('sum up to the changes of all hosts', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.nat(1000), { maxKeys: 5 }), (changed) => {
        const hosts = Object.fromEntries(
          Object.entries(changed).map(([host, some]) => [host, { ...COUNTS, changed: some }]),
        );
        const { result } = playResult(events({ event: 'stats', hosts, custom: {} }), 'web1');
        expect(result?.changes).toBe(Object.values(changed).reduce((sum, some) => sum + some, 0));
      }),
    );
  });
});
