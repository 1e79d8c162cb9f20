import { readFileSync } from 'node:fs';

/** What a process holds of the machine's memory, bytes. */
export function residentNow(pid: number): number {
  return of(pid, 'VmRSS');
}

/** The most that it ever held. */
export function residentAtMost(pid: number): number {
  return of(pid, 'VmHWM');
}

function of(pid: number, key: string): number {
  const value = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (value === undefined) throw new Error(`/proc/${pid}/status has no ${key}`);
  return Number(value) * 1024;
}
