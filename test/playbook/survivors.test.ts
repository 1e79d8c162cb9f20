import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readProcess } from '../../src/playbook/process-table.ts';
import { startProcess } from '../../src/playbook/spawn.ts';
import { awaitSurvivors, survivorsOf } from '../../src/playbook/survivors.ts';
import { alive, program } from '../support/playbook.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';

const files: string[] = [];
afterEach(() => {
  for (const file of files.splice(0)) for (const pid of alive(file)) process.kill(pid, 'SIGKILL');
});

/** A playbook that nobody supervises, as after the death of the service. */
async function orphan(id: string): Promise<{ pids: string; noted: { pid: number; pid_started: number } }> {
  const pids = join(tempDir(), 'pids');
  files.push(pids);
  const started = await startProcess({
    argv: [program('never-ends')],
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '', FORESTALL_EXECUTION_ID: id, PIDS: pids },
    output: 'pipes',
  });
  if ('problem' in started) throw new Error(started.problem);
  await eventually(() => existsSync(pids) && readFileSync(pids, 'utf8').trim().split('\n').length === 4);
  const entry = await readProcess(started.pid);
  return { pids, noted: { pid: started.pid, pid_started: entry?.started ?? 0 } };
}

describe('survivors', () => {
  it('finds them by the id in their environment and by the group, whoever left it', async () => {
    const { pids, noted } = await orphan('EX-find');
    const all = alive(pids);
    expect(all).toHaveLength(4);
    expect(await survivorsOf('EX-find', null)).toEqual(expect.arrayContaining(all));
    expect(await survivorsOf('EX-other', null)).toEqual([]);
    expect(await survivorsOf('EX-find-not', null)).toEqual([]);
    const byGroup = await survivorsOf('EX-other', noted);
    expect(byGroup).toContain(noted.pid);
  });

  it('takes no stranger whose pid was used again: the start time has to agree', async () => {
    const { noted } = await orphan('EX-reused');
    expect(await survivorsOf('EX-other', { ...noted, pid_started: noted.pid_started + 1 })).toEqual([]);
  });

  it('ends at the deadline what did not end by itself', async () => {
    const { pids, noted } = await orphan('EX-deadline');
    await awaitSurvivors('EX-deadline', noted, 200, 200);
    expect(alive(pids)).toEqual([]);
    expect(await survivorsOf('EX-deadline', noted)).toEqual([]);
  });

  it('resolves as soon as they are gone, and at once when there are none', async () => {
    await awaitSurvivors('EX-none', null, 60_000);
    const { pids, noted } = await orphan('EX-gone');
    const waiting = awaitSurvivors('EX-gone', noted, 60_000);
    for (const pid of alive(pids)) process.kill(pid, 'SIGKILL');
    await waiting;
    expect(alive(pids)).toEqual([]);
  });
});
