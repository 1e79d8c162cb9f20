import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

/** One row of the kernel's process table. */
export interface ProcessEntry {
  readonly pid: number;
  /** One letter, as in proc(5); `Z` and `X` are dead. */
  readonly state: string;
  readonly pgrp: number;
  /** Kernel ticks since boot: with the pid, an identity that is not used twice. */
  readonly started: number;
}

/** Null when there is no such process, or none that can be looked at. */
export async function readProcess(pid: number): Promise<ProcessEntry | null> {
  try {
    return parseStat(pid, await readFile(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return null;
  }
}

/** Start time of a process that was just started, in kernel ticks since boot; 0 when it is gone already. */
export function startedAt(pid: number): number {
  try {
    return parseStat(pid, readFileSync(`/proc/${pid}/stat`, 'latin1'))?.started ?? 0;
  } catch {
    return 0;
  }
}

/** Every process but this one and the dead. */
export async function liveProcesses(): Promise<ProcessEntry[]> {
  const entries: ProcessEntry[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const entry = await readProcess(Number(name));
    if (entry !== null && entry.state !== 'Z' && entry.state !== 'X') entries.push(entry);
  }
  return entries;
}

/** Whether the process was started with `NAME=VALUE` in its environment; false where that cannot be read. */
export async function environmentHas(pid: number, marker: string): Promise<boolean> {
  try {
    return `\0${await readFile(`/proc/${pid}/environ`, 'utf8')}`.includes(`\0${marker}\0`);
  } catch {
    return false;
  }
}

/** The name in field 2 may hold blanks and parentheses: fields are counted from the last `)`. */
function parseStat(pid: number, text: string): ProcessEntry | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const entry = { pid, state: fields[0] ?? '', pgrp: Number(fields[2]), started: Number(fields[19]) };
  return Number.isSafeInteger(entry.pgrp) && Number.isSafeInteger(entry.started) ? entry : null;
}
