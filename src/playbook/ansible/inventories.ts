import { mkdtemp, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AnsibleConfig, PlaybookConfig } from '../../config/config.ts';
import { runCommand } from '../command.ts';
import { oneLine } from '../text.ts';
import { temporaryPlaces } from '../workspace.ts';
import { ansibleEnvironment } from './environment.ts';
import { type Inventory, readInventory } from './inventory.ts';

/** What was read is taken for this long where the file is the same, milliseconds. */
const FRESH = 60_000;
/** After an attempt that failed nobody but an execution tries again for this long, milliseconds. */
const NOT_AGAIN = 10_000;
/** For an estimate an older one will do, milliseconds. */
const USABLE = 600_000;
/** A program may ask a slow service for its hosts, milliseconds. */
const TIMEOUT = 60_000;
const MOST_BYTES = 32 * 1024 * 1024;

export type InventoryRead =
  | { readonly ok: true; readonly inventory: Inventory }
  | { readonly ok: false; readonly problem: string };

/** The inventories of playbooks, as Ansible itself reads them. */
export interface Inventories {
  /** At most a minute old, and read anew when its file changed. Never rejects. */
  read(playbook: PlaybookConfig & { readonly ansible: AnsibleConfig }): Promise<InventoryRead>;
  /** What was read in the last ten minutes, at once; what is older than a minute is read anew behind it. Null: nothing. */
  known(playbook: PlaybookConfig & { readonly ansible: AnsibleConfig }): Inventory | null;
}

interface Entry {
  readonly at: number;
  readonly stamp: string;
  readonly inventory: Inventory;
}

/** `monotonic`: milliseconds that only go forward. */
export function createInventories(monotonic: () => number): Inventories {
  const entries = new Map<string, Entry>();
  const failedAt = new Map<string, number>();
  const reading = new Map<string, Promise<InventoryRead>>();
  const isFresh = (entry: Entry | undefined) => entry !== undefined && monotonic() - entry.at < FRESH;

  async function readNow(key: string, playbook: PlaybookConfig & { readonly ansible: AnsibleConfig }) {
    const stamp = await stampOf(playbook.ansible.inventory);
    const known = entries.get(key);
    if (known !== undefined && isFresh(known) && known.stamp === stamp)
      return { ok: true, inventory: known.inventory } as const;
    const at = monotonic();
    const read = await askAnsible(playbook);
    if (read.ok) entries.set(key, { at, stamp, inventory: read.inventory });
    else failedAt.set(key, monotonic());
    return read;
  }

  const inventories: Inventories = {
    read(playbook) {
      const key = JSON.stringify([playbook.ansible, playbook.env]);
      const running = reading.get(key);
      if (running !== undefined) return running;
      const started = readNow(key, playbook).finally(() => reading.delete(key));
      reading.set(key, started);
      return started;
    },
    known(playbook) {
      const key = JSON.stringify([playbook.ansible, playbook.env]);
      const entry = entries.get(key);
      const mayTry = monotonic() - (failedAt.get(key) ?? -Infinity) > NOT_AGAIN;
      if (!isFresh(entry) && mayTry) void inventories.read(playbook);
      return entry !== undefined && monotonic() - entry.at < USABLE ? entry.inventory : null;
    },
  };
  return inventories;
}

/** Changes with the file; a folder is as new as its youngest entry only by luck, so that it counts for a minute. */
async function stampOf(path: string): Promise<string> {
  const info = await stat(path).catch(() => null);
  return info === null ? '' : `${info.ino} ${info.size} ${info.mtimeMs}`;
}

async function askAnsible({
  ansible,
  env,
}: PlaybookConfig & { readonly ansible: AnsibleConfig }): Promise<InventoryRead> {
  const { inventory: path } = ansible;
  const failed = (why: string) =>
    ({ ok: false, problem: `the inventory ${path} cannot be read: ${oneLine(why, 500)}` }) as const;
  let folder: string | null = null;
  try {
    folder = await mkdtemp(join(temporaryPlaces()[0] ?? '/tmp', 'forestall-'));
    const answer = await runCommand({
      argv: ['ansible-inventory', '--inventory', path, '--graph'],
      timeout: TIMEOUT,
      cwd: dirname(ansible.playbook),
      maxOutput: MOST_BYTES,
      env: {
        ...env,
        ...ansibleEnvironment({ temporary: folder, connections: folder, events: join(folder, 'events') }),
      },
    });
    if (answer.could_not_start !== null) return failed(answer.could_not_start);
    if (answer.timed_out) return failed(`ansible-inventory did not answer within ${TIMEOUT / 1000} s`);
    if (answer.stdout_truncated) return failed('it is too large');
    if (answer.exit_code !== 0) return failed(lastError(answer.stderr));
    return { ok: true, inventory: readInventory(answer.stdout, path) };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  } finally {
    if (folder !== null) await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

/** The error itself; what comes before are warnings of every reader that was tried. */
function lastError(stderr: string): string {
  const at = stderr.lastIndexOf('ERROR!');
  return at < 0 ? stderr.slice(-500) : stderr.slice(at + 'ERROR!'.length);
}
