import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runPhase } from '../../src/playbook/phase.ts';
import { createUsedBytes } from '../../src/playbook/used-bytes.ts';
import { permittingPrediction } from '../support/decision.ts';
import { testPlaybook } from '../support/playbook.ts';
import { tempDir } from '../support/temp.ts';

const PROGRAM = join(import.meta.dirname, 'programs', 'used-bytes.ts');
const withStrace = spawnSync('strace', ['--version']).status === 0 || process.env['CI'] === 'true';

describe('createUsedBytes', () => {
  it('agrees with df, before and after', async () => {
    const used = createUsedBytes();
    const df = Number(execFileSync('df', ['--output=used', '-B1', '/'], { encoding: 'utf8' }).split('\n')[1]);
    // Others write to this file system meanwhile.
    expect(Math.abs((await used.now('/'))! - df)).toBeLessThan(256 * 2 ** 20);
    expect(Math.abs((await used.after('/', 0))! - df)).toBeLessThan(256 * 2 ** 20);
  });

  it.each(['/no/such/folder', '/proc', '/a\0b'])('is null for %j', async (path) => {
    expect(await createUsedBytes().now(path)).toBeNull();
    expect(await createUsedBytes().after(path, 5)).toBeNull();
  });

  it.runIf(withStrace)('waits for a dead mount for as long as it may, and asks it once', () => {
    const strace = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=statfs', '-e', 'inject=statfs:delay_enter=5000000'];
    const output = execFileSync('strace', [...strace, process.execPath, PROGRAM, '400', '/'], { encoding: 'utf8' });
    const answers = JSON.parse(output) as { value: number | null; took: number }[];
    expect(answers.map(({ value }) => value)).toEqual([null, null, null]);
    expect(answers[0]!.took).toBeLessThan(4_000);
    for (const { took } of answers.slice(1)) expect(took).toBeLessThan(2_000);
  });
});

describe('what a run used', () => {
  const run = (resource: string, changes: object = {}) =>
    runPhase({
      execution_id: 'EX',
      phase: 'run',
      playbook: testPlaybook('answer'),
      prediction: permittingPrediction({ resource }),
      parameters: {},
      log_dir: tempDir(),
      usedBytes: createUsedBytes(),
      ...changes,
    });
  const numbers = { before: expect.any(Number), after: expect.any(Number) };

  it('is measured for a path, whether or not the run goes well', async () => {
    expect(await run('/dev/shm')).toMatchObject({ error: null, used_bytes: numbers });
    const playbook = testPlaybook('answer', { env: { ANSWER_EXIT: '3' } });
    expect(await run('/dev/shm', { playbook })).toMatchObject({ exit_code: 3, used_bytes: numbers });
  });

  it('is what the run itself changed', async () => {
    const file = join('/dev/shm', `forestall-test-${process.pid}`);
    writeFileSync(file, Buffer.alloc(8 * 2 ** 20));
    const playbook = { ...testPlaybook('answer'), run: ['rm', '--', file] };
    try {
      const { used_bytes } = await run('/dev/shm', { playbook });
      const freed = used_bytes!.before - used_bytes!.after;
      expect(Math.abs(freed - 8 * 2 ** 20)).toBeLessThan(4 * 2 ** 20);
    } finally {
      rmSync(file, { force: true });
    }
  });

  it.each([
    ['a dry run', '/dev/shm', { phase: 'dry_run' }],
    ['a resource that is no path', 'jellyfin', {}],
    ['a path that is not there', '/no/such/folder', {}],
  ])('is null for %s, which goes on without', async (_what, resource, changes) => {
    expect(await run(resource, changes)).toMatchObject({ error: null, exit_code: 0, used_bytes: null });
  });
});
