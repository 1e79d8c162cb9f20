import { endFamily, livingMembers, type ProcessFamily, waitForEnd } from './process-group.ts';
import { readProcess } from './process-table.ts';

/** A process group as it was noted when its program was started. */
export interface NotedProcess {
  readonly pid: number;
  /** Kernel ticks since boot. */
  readonly pid_started: number;
}

const GRACE = 10_000;

/** What every process of an execution has in its environment, as `NAME=VALUE`. */
export function executionMarker(executionId: string): string {
  return `FORESTALL_EXECUTION_ID=${executionId}`;
}

/**
 * Pids that are left of an execution whose service is gone, possibly after a restart of this one. Whoever has its id in
 * the environment counts; a process group only while the noted leader itself lives: once it is gone, the number may
 * belong to strangers, and they must not be ended.
 */
export async function survivorsOf(executionId: string, process: NotedProcess | null): Promise<number[]> {
  return (await livingMembers(await familyOf(executionId, process))).map((entry) => entry.pid).sort((a, b) => a - b);
}

/** Waits until nothing is left of the execution, at most `deadline` milliseconds; then ends what is left. */
export async function awaitSurvivors(
  executionId: string,
  process: NotedProcess | null,
  deadline: number,
  grace = GRACE,
): Promise<void> {
  const family = await familyOf(executionId, process);
  const left = await waitForEnd(family, deadline);
  if (left.length === 0) return;
  // The leader may have gone while we waited; then its number is not trusted any more.
  await endFamily(await familyOf(executionId, process), grace);
}

async function familyOf(executionId: string, noted: NotedProcess | null): Promise<ProcessFamily> {
  const leader = noted === null || noted.pid_started === 0 ? null : await readProcess(noted.pid);
  const isLeader = leader !== null && leader.started === noted?.pid_started && leader.pgrp === noted.pid;
  return { pgid: isLeader ? noted.pid : null, marker: executionMarker(executionId) };
}
