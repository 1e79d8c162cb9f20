import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_FACTS } from '../../src/mapping/fact-names.ts';
import type { CommandAnswer, RunCommand } from '../../src/safety/fact.ts';
import { createStatFileSystem } from '../../src/safety/facts/file-system.ts';
import { createSafety, type SafetyOptions } from '../../src/safety/safety.ts';
import { permittingPrediction } from '../support/decision.ts';
import { folderOf, PROC, safetyOn } from '../support/safety.ts';

const subject = { prediction: permittingPrediction({ resource: '/' }) };

const answer = (changes: Partial<CommandAnswer>): CommandAnswer => ({
  exit_code: 0,
  signal: null,
  stdout: '',
  stdout_truncated: false,
  stderr: '',
  timed_out: false,
  could_not_start: null,
  ...changes,
});

const command = (...names: string[]): SafetyOptions['facts'] =>
  Object.fromEntries(names.map((name) => [name, { kind: 'command' as const, name, command: [name], timeout: 1000 }]));

function safetyWith(changes: Partial<SafetyOptions>) {
  return createSafety({
    facts: {},
    runCommand: async () => answer({}),
    queryScalar: null,
    critical_services: [],
    backup_units: [],
    now: Date.now,
    procRoot: folderOf(PROC),
    systemdRoot: '/no/such/folder',
    ...changes,
  });
}

describe('check', () => {
  it("answers the plan's checks without any configuration", async () => {
    const checks = [
      'system_health_score >= 50',
      'no_active_backups',
      'disk_usage < 100%',
      'no_critical_services_restarting',
    ];
    const results = await safetyOn().check(checks, subject);
    expect(results.map((result) => result.check)).toEqual(checks);
    expect(results.map((result) => result.passed)).toEqual([true, true, true, true]);
  });

  it('asks all of them, not only up to the first that fails, and in parallel', async () => {
    let asked = 0;
    let release: () => void = () => {};
    const all = new Promise<void>((resolve) => {
      release = resolve;
    });
    const runCommand: RunCommand = async () => {
      if (++asked === 3) release();
      await all;
      return answer({ stdout: '0' });
    };
    const results = await safetyWith({ facts: command('a', 'b', 'c'), runCommand }).check(
      ['a', 'b > 1', 'no_c', 'nonsense !!'],
      subject,
    );
    expect(results.map((result) => result.passed)).toEqual([false, false, true, false]);
    expect(results.map((result) => result.value)).toEqual([0, 0, 0, null]);
  });

  it('asks a fact once, however many checks name it', async () => {
    let asked = 0;
    const runCommand: RunCommand = async () => answer({ stdout: String(++asked) });
    const results = await safetyWith({ facts: command('a'), runCommand }).check(['a', 'a < 2', 'a == 1'], subject);
    expect(results.map((result) => result.value)).toEqual([1, 1, 1]);
  });

  it('passes nothing that nobody defines, and nothing that cannot be read', async () => {
    const safety = safetyWith({});
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        const [result] = await safety.check([`zz_${text}`], subject);
        expect(result).toMatchObject({ value: null, passed: false });
      }),
    );
  });

  it.each(['toString', 'constructor', '__proto__', 'no_toString', 'hasOwnProperty > 0'])(
    'knows no fact %s',
    async (check) => {
      expect((await safetyWith({}).check([check], subject))[0]).toMatchObject({ value: null, passed: false });
    },
  );

  it('lets a configured fact take the place of a built-in one, and a fact named no_x that of the negation', async () => {
    const runCommand: RunCommand = async ({ argv }) => answer({ stdout: argv[0] === 'active_backups' ? '7' : 'true' });
    const safety = safetyWith({ facts: command('active_backups', 'no_disk_usage'), runCommand });
    const results = await safety.check(['active_backups == 7', 'no_disk_usage'], subject);
    expect(results.map((result) => result.passed)).toEqual([true, true]);
  });

  it('is closed when whoever runs commands throws, or never answers', async () => {
    const thrown = await safetyWith({
      facts: command('a'),
      runCommand: async () => Promise.reject(new Error('no room')),
    }).check(['a'], subject);
    expect(thrown[0]).toMatchObject({ value: null, passed: false, message: expect.stringContaining('no room') });
    const never = safetyWith({ runCommand: () => new Promise(() => {}), systemdRoot: '/', timeout: 100 });
    expect(
      (await never.check(['service_is_running'], { prediction: permittingPrediction({ resource: 'a' }) }))[0],
    ).toMatchObject({
      value: null,
      passed: false,
      message: expect.stringContaining('did not answer within 0.1 s'),
    });
  });
});

describe('PromQL facts', () => {
  const facts: SafetyOptions['facts'] = { up: { kind: 'promql', name: 'up', promql: "up{job='x'}", timeout: 700 } };

  it('take the number, with their time-out', async () => {
    const queryScalar = async (expression: string, { timeout }: { timeout: number }) =>
      expression === "up{job='x'}" ? timeout : -1;
    expect((await safetyWith({ facts, queryScalar }).check(['up == 700'], subject))[0]).toMatchObject({
      value: 700,
      passed: true,
    });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, undefined])('fail for %s', async (value) => {
    const queryScalar = async () => value as number;
    expect((await safetyWith({ facts, queryScalar }).check(['up != 5'], subject))[0]).toMatchObject({
      value: null,
      passed: false,
    });
  });

  it('fail with what Prometheus said, and without a Prometheus', async () => {
    const queryScalar = async () => Promise.reject(new Error('no series matches'));
    expect((await safetyWith({ facts, queryScalar }).check(['up'], subject))[0]?.message).toContain(
      'no series matches',
    );
    expect((await safetyWith({ facts }).check(['up'], subject))[0]?.message).toContain(
      'prometheus.url is not configured',
    );
  });
});

describe('probe', () => {
  it('asks every fact once, with and without a subject', async () => {
    const safety = safetyWith({ facts: command('mine'), runCommand: async () => answer({ stdout: '3' }) });
    const names = [...BUILT_IN_FACTS, 'mine'].sort();
    for (const given of [undefined, subject]) {
      const results = await safety.probe(given);
      expect(results.map((result) => result.fact)).toEqual(names);
      expect(results.find((result) => result.fact === 'mine')).toEqual({
        fact: 'mine',
        value: 3,
        message: '`mine` says 3',
        needsSubject: false,
      });
      expect(results.find((result) => result.fact === 'service_is_running')?.value).toBeNull();
      expect(results.find((result) => result.fact === 'memory_usage')?.value).toBe(40);
      // The only one that has an answer about a prediction alone; about one it cannot answer, it fails.
      expect(results.filter(({ needsSubject }) => needsSubject).map(({ fact }) => fact)).toEqual(
        given === undefined ? ['service_is_running'] : [],
      );
    }
  });

  it('a fact that takes its place is asked like any other', async () => {
    const safety = safetyWith({
      facts: command('service_is_running'),
      runCommand: async () => answer({ exit_code: 4 }),
    });
    const found = (await safety.probe()).find(({ fact }) => fact === 'service_is_running');
    expect(found).toMatchObject({ value: null, needsSubject: false });
  });
});

describe('createStatFileSystem', () => {
  it('keeps at most one call under way for a path, and says when it does not come back', async () => {
    let now = 0;
    const stat = createStatFileSystem(() => now);
    const first = stat('/');
    const second = stat('/');
    now = 3000;
    await expect(stat('/')).rejects.toThrow('/: its file system has not answered for 3 s; is it a dead mount?');
    expect(await second).toEqual(await first);
    expect((await stat('/')).blocks).toBeGreaterThan(0n);
  });
});
