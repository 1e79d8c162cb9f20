import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import type { Instance } from './ledger.ts';

/** This process, as it signs its claims. Where there is no `/proc`, nobody else can tell by it whether it lives. */
export function thisInstance(): Instance {
  const id = randomUUID();
  const started = statOf('self');
  return { id, host_key: hostKey() ?? `unknown:${id}`, pid: process.pid, pid_started: started?.started ?? 0 };
}

/**
 * Whether the process of `instance` has ended: known where it ran under the same kernel boot and process namespace as
 * `self`, null where it cannot be known. A reused process number is told apart by its start time.
 */
export function instanceIsGone(instance: Instance, self: Instance): boolean | null {
  if (instance.host_key !== self.host_key) return null;
  if (instance.id === self.id) return false;
  if (!Number.isInteger(instance.pid) || instance.pid <= 0) return null;
  const stat = statOf(String(instance.pid));
  if (stat !== null) return stat.started !== instance.pid_started || ENDED.includes(stat.state);
  try {
    process.kill(instance.pid, 0);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? true : null;
  }
}

/** Zombie and dead: nothing of it runs any more. */
const ENDED: readonly string[] = ['Z', 'X', 'x'];

/** Null where the process is not there, or is hidden from this user. */
function statOf(pid: string): { readonly state: string; readonly started: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0]!, started: Number(fields[19]) };
  } catch {
    return null;
  }
}

function hostKey(): string | null {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}:${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}
