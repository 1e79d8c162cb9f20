import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { liveProcesses } from '../process-table.ts';

const PATIENCE = 2000;
const POLL = 20;

/**
 * Ends the connections that ssh keeps open behind a play (ControlPersist). Such a process leaves its process group and
 * writes its title over its environment; the title holds its socket, which lies in a folder of this start alone.
 */
export async function endConnections(folder: string): Promise<void> {
  const sockets = await readdir(folder).catch(() => []);
  if (sockets.length === 0) return;
  for (const until = performance.now() + PATIENCE; performance.now() < until; await delay(POLL)) {
    const holders = await holdersOf(folder);
    if (holders.length === 0) return;
    for (const pid of holders) {
      try {
        process.kill(pid, 'SIGTERM');
      } catch {
        // Gone meanwhile.
      }
    }
  }
}

/** Processes with the title `ssh: FOLDER/SOCKET [mux]`. */
async function holdersOf(folder: string): Promise<readonly number[]> {
  const holders: number[] = [];
  for (const { pid } of await liveProcesses()) {
    const title = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (title.startsWith(`ssh: ${folder}/`)) holders.push(pid);
  }
  return holders;
}
