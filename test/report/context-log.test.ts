import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Execution } from '../../src/execution/execution.ts';
import { appendToContextLog } from '../../src/report/context-log.ts';
import { permittingPrediction } from '../support/decision.ts';
import { finishedExecution } from '../support/execution.ts';
import { tempDir } from '../support/temp.ts';
import { runNode } from './child.ts';

type Entry = Record<string, unknown>;

const entriesOf = (path: string): Entry[] => (JSON.parse(readFileSync(path, 'utf8')) as { issues: Entry[] }).issues;

async function entryOf(changes: Partial<Execution>): Promise<Entry> {
  const path = join(tempDir(), 'issues.json');
  await appendToContextLog(path, finishedExecution(changes));
  return entriesOf(path)[0]!;
}

describe('the entry', () => {
  it('tells a person what happened', async () => {
    expect(await entryOf({})).toEqual({
      id: 'ISS-PROACTIVE-20260616093000',
      title: 'disk-cleanup: disk_exhaustion of /srv on nas',
      category: 'disk-space',
      severity: 'medium',
      status: 'resolved',
      outcome: 'mitigated',
      created_at: '2026-06-16T09:30:00Z',
      date_encountered: '2026-06-16',
      description:
        'Forecast of 2026-06-16T08:30:00Z on nas: disk_exhaustion of /srv: critical in 8.2 days (confidence 87 %).',
      resolution: 'Ran disk-cleanup for 58 s: pruned images; 14 changes; 2 GiB freed',
      tags: ['auto-remediation', 'disk-cleanup'],
      execution_id: 'exe-1',
    });
  });

  it('of a run that failed', async () => {
    const run = { exit_code: 3, duration_seconds: 1, result: null, used_bytes: null, error: 'exited with 3' };
    expect(await entryOf({ state: 'failed', run })).toMatchObject({
      status: 'open',
      outcome: 'remediation failed',
      severity: 'high',
      resolution: 'Ran disk-cleanup for 1 s (exit code 3): exited with 3',
    });
  });

  it('of a run that did not say what it changed: what the file system says', async () => {
    const run = { exit_code: 0, duration_seconds: 1, result: null, used_bytes: { before: 5, after: 5 }, error: null };
    const message =
      'exit code 0, and it did not say; the file system of /srv used 5 B before and after: nothing changed';
    expect(await entryOf({ run, message })).toMatchObject({ resolution: `Ran disk-cleanup for 1 s: ${message}` });
  });

  it('of a run that was interrupted', async () => {
    expect(await entryOf({ state: 'interrupted', run: null, message: 'the service died' })).toMatchObject({
      status: 'open',
      outcome: 'remediation interrupted',
      resolution: 'Ran disk-cleanup: the service died',
    });
  });

  it('of a dry run', async () => {
    expect(await entryOf({ state: 'dry_run_only', run: null })).toMatchObject({
      status: 'open',
      outcome: 'dry run only, nothing was changed',
      resolution: 'Dry run of disk-cleanup for 2 s (exit code 0).',
    });
  });

  it('of another type, near at hand', async () => {
    const prediction = permittingPrediction({ prediction_type: 'inode_exhaustion', days_until_critical: 2 });
    expect(await entryOf({ prediction })).toMatchObject({ category: 'inode-exhaustion', severity: 'high' });
  });
});

describe('the file', () => {
  it('is created with its folder, for its owner alone', async () => {
    const path = join(tempDir(), 'a', 'issues.json');
    await appendToContextLog(path, finishedExecution());
    expect(entriesOf(path)).toHaveLength(1);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(path, '..'))).toEqual(['issues.json']);
  });

  it('gets each execution once and every id once', async () => {
    const path = join(tempDir(), 'issues.json');
    for (const id of ['a', 'b', 'a', 'c', 'b']) await appendToContextLog(path, finishedExecution({ id }));
    expect(entriesOf(path).map(({ id, execution_id }) => [execution_id, id])).toEqual([
      ['a', 'ISS-PROACTIVE-20260616093000'],
      ['b', 'ISS-PROACTIVE-20260616093000-2'],
      ['c', 'ISS-PROACTIVE-20260616093000-3'],
    ]);
  });

  it('keeps everything else and its permissions', async () => {
    const path = join(tempDir(), 'issues.json');
    const before = {
      generated_at: 'then',
      total_issues: 1,
      issues: [{ id: 'ISS-001', extra: { deep: [1] } }],
      z: null,
    };
    writeFileSync(path, JSON.stringify(before, null, 4));
    chmodSync(path, 0o664);
    await appendToContextLog(path, finishedExecution());
    const after = JSON.parse(readFileSync(path, 'utf8')) as { issues: unknown[] };
    expect(after).toEqual({ ...before, total_issues: 2, issues: [before.issues[0], after.issues[1]] });
    expect(statSync(path).mode & 0o777).toBe(0o664);
  });

  it('is written through symbolic links, also to what is not there yet', async () => {
    const folder = tempDir();
    mkdirSync(join(folder, 'real'));
    symlinkSync(join('real', 'issues.json'), join(folder, 'second.json'));
    symlinkSync('second.json', join(folder, 'first.json'));
    for (const id of ['a', 'b']) await appendToContextLog(join(folder, 'first.json'), finishedExecution({ id }));
    expect(lstatSync(join(folder, 'first.json')).isSymbolicLink()).toBe(true);
    expect(lstatSync(join(folder, 'second.json')).isSymbolicLink()).toBe(true);
    expect(entriesOf(join(folder, 'real', 'issues.json'))).toHaveLength(2);
    expect(readdirSync(join(folder, 'real'))).toEqual(['issues.json']);
  });

  it.each([
    ['broken JSON', Buffer.from('{"issues":[')],
    ['no list of issues', Buffer.from('{"entries":[]}')],
    ['bytes that are no UTF-8', Buffer.from([...Buffer.from('{"issues":["'), 0xff, ...Buffer.from('"]}')])],
    ['nothing', Buffer.alloc(0)],
  ])('with %s is left alone', async (_name, bytes) => {
    const folder = tempDir();
    const path = join(folder, 'issues.json');
    writeFileSync(path, bytes);
    await expect(appendToContextLog(path, finishedExecution())).rejects.toThrow(path);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(readdirSync(folder)).toEqual(['issues.json']);
  });

  it('that is too large, or is no file, is left alone', async () => {
    const folder = tempDir();
    const large = join(folder, 'large.json');
    writeFileSync(large, '');
    truncateSync(large, 51 * 1024 * 1024);
    await expect(appendToContextLog(large, finishedExecution())).rejects.toThrow('50 MiB');
    await expect(appendToContextLog(folder, finishedExecution())).rejects.toThrow('not a file');
  });

  it('of many megabytes works', async () => {
    const path = join(tempDir(), 'issues.json');
    const issue = { id: 'x', description: 'long "quoted" \\ text '.repeat(50), nested: [{ a: [1, 2, 3] }] };
    writeFileSync(
      path,
      JSON.stringify({ total_issues: 0, issues: Array.from({ length: 20_000 }, () => issue) }, null, 2),
    );
    expect(statSync(path).size).toBeGreaterThan(20 * 1024 * 1024);
    await appendToContextLog(path, finishedExecution());
    expect(entriesOf(path)).toHaveLength(20_001);
  });
});

describe('writers at the same time', () => {
  it('in one process lose nothing', async () => {
    const path = join(tempDir(), 'issues.json');
    await Promise.all(
      Array.from({ length: 20 }, (_, at) => appendToContextLog(path, finishedExecution({ id: `e${at}` }))),
    );
    expect(entriesOf(path)).toHaveLength(20);
    expect(new Set(entriesOf(path).map(({ id }) => id)).size).toBe(20);
  });

  it('in several processes lose nothing', async () => {
    const path = join(tempDir(), 'issues.json');
    const append = (name: string) =>
      runNode(
        `import { appendToContextLog } from './src/report/context-log.ts';
         const [path, execution, name] = JSON.parse(process.argv[1]);
         for (let n = 0; n < 10; n++) await appendToContextLog(path, { ...execution, id: name + n });`,
        [JSON.stringify([path, finishedExecution(), name])],
      );
    const ended = await Promise.all(['a', 'b', 'c'].map(append));
    expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual(Array(3).fill([0, '']));
    expect(entriesOf(path)).toHaveLength(30);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('that do not know the lock lose nothing either', async () => {
    const folder = tempDir();
    const path = join(folder, 'issues.json');
    // Large enough that our file is still being written when its name is noticed.
    const old = { issues: [{ id: 'old', text: 'x'.repeat(4_000_000) }] };
    writeFileSync(path, JSON.stringify(old));
    let wrote = false;
    const watcher = watch(folder, (_event, name) => {
      if (wrote || !name?.endsWith('.tmp')) return;
      wrote = true;
      writeFileSync(path, JSON.stringify({ issues: [...old.issues, { id: 'other' }] }));
    });
    try {
      await appendToContextLog(path, finishedExecution());
    } finally {
      watcher.close();
    }
    expect(wrote).toBe(true);
    expect(entriesOf(path).map(({ id }) => id)).toEqual(['old', 'other', 'ISS-PROACTIVE-20260616093000']);
  });
});
