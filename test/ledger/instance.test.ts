import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { instanceIsGone, thisInstance } from '../../src/ledger/instance.ts';
import { eventually } from '../support/wait.ts';

const self = thisInstance();

/** Start time of a process as the kernel tells it, read another way than the code under test does. */
function startedAt(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(/^\d+ \(.*\) (?:\S+ ){19}(\d+) /s.exec(stat)![1]);
}

describe('which process this is', () => {
  test('is told by boot, process namespace, number and start time', () => {
    expect(self.host_key).toMatch(/^[0-9a-f-]{36}:pid:\[\d+\]$/);
    expect(self).toMatchObject({ pid: process.pid, pid_started: startedAt(process.pid) });
    expect(thisInstance().id).not.toBe(self.id);
  });

  test('a process that lives is not gone, one that ended is, also before its parent has noticed', async () => {
    const child = spawn('sleep', ['600']);
    await once(child, 'spawn');
    const pid = child.pid!;
    const other = { ...self, id: 'other', pid, pid_started: startedAt(pid) };
    expect(instanceIsGone(other, self)).toBe(false);
    child.kill('SIGSTOP');
    expect(instanceIsGone(other, self)).toBe(false);
    child.kill('SIGKILL');
    await eventually(() => instanceIsGone(other, self) === true);
  });

  test('a reused number is another process', () => {
    const before = { ...self, id: 'other', pid_started: self.pid_started - 1 };
    expect(instanceIsGone(before, self)).toBe(true);
  });

  test('of another host, boot or namespace nothing is known', () => {
    expect(instanceIsGone({ ...self, host_key: 'another', pid: 1 }, self)).toBeNull();
    expect(instanceIsGone({ ...self, id: 'other', pid: 0 }, self)).toBeNull();
    expect(instanceIsGone(self, self)).toBe(false);
  });
});
