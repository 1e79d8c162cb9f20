import { setTimeout as delay } from 'node:timers/promises';
import { environmentHas, liveProcesses, type ProcessEntry, readProcess } from './process-table.ts';

/** Everything that a started program left running: its process group, and whoever left that but kept its environment. */
export interface ProcessFamily {
  /** Process group; null where it must not be trusted any more. */
  readonly pgid: number | null;
  /** `NAME=VALUE`, unique to this start: finds children that left the group (`setsid`). */
  readonly marker: string;
}

const POLL = 50;
const AFTER_KILL = 5000;

/** Members of the family that are alive. */
export async function livingMembers({ pgid, marker }: ProcessFamily): Promise<ProcessEntry[]> {
  const members: ProcessEntry[] = [];
  for (const entry of await liveProcesses()) {
    if (entry.pgrp === pgid || (await environmentHas(entry.pid, marker))) members.push(entry);
  }
  return members;
}

/**
 * SIGTERM to the whole family, SIGKILL to what is left after `grace` milliseconds. Resolves with the pids that even
 * that did not end (in uninterruptible sleep, or another user's), as a rule none, at most five seconds after the kill.
 */
export async function endFamily(family: ProcessFamily, grace: number): Promise<number[]> {
  signalAll(family, await livingMembers(family), 'SIGTERM');
  let left = await waitForEnd(family, grace);
  const killedAt = performance.now();
  while (left.length > 0 && performance.now() - killedAt < AFTER_KILL) {
    signalAll(family, left, 'SIGKILL');
    left = await waitForEnd(family, 4 * POLL);
  }
  return left.map((entry) => entry.pid);
}

/**
 * Polls until nobody of the family lives or `milliseconds` are over; resolves with who is left. Those who are known are
 * looked at one by one; the whole table is read again only when all of them are gone.
 */
export async function waitForEnd(family: ProcessFamily, milliseconds: number): Promise<ProcessEntry[]> {
  const since = performance.now();
  let left = await livingMembers(family);
  for (;;) {
    const rest = milliseconds - (performance.now() - since);
    if (left.length === 0 || rest <= 0) return left;
    await delay(Math.min(POLL, rest));
    left = await stillAlive(left);
    if (left.length === 0) left = await livingMembers(family);
  }
}

async function stillAlive(entries: readonly ProcessEntry[]): Promise<ProcessEntry[]> {
  const alive: ProcessEntry[] = [];
  for (const { pid, started } of entries) {
    const entry = await readProcess(pid);
    if (entry?.started === started && entry.state !== 'Z' && entry.state !== 'X') alive.push(entry);
  }
  return alive;
}

function signalAll({ pgid }: ProcessFamily, members: readonly ProcessEntry[], signal: NodeJS.Signals): void {
  // The group at one blow, so that a member cannot fork between two signals.
  const targets = members.filter((entry) => entry.pgrp !== pgid).map((entry) => entry.pid);
  if (pgid !== null && targets.length < members.length) targets.unshift(-pgid);
  for (const target of targets) {
    try {
      process.kill(target, signal);
    } catch {
      // Gone meanwhile, or not ours: who is left is looked at again afterwards.
    }
  }
}
