import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AnsibleConfig } from '../../config/config.ts';
import { endConnections } from './connections.ts';
import { ansibleEnvironment } from './environment.ts';
import { type PlayEvents, readEvents } from './events.ts';
import { extraVariables } from './values.ts';

/** The address of a socket holds some 100 characters, and ssh needs 40 of them for its names. */
const LONGEST_FOLDER = 60;
/** The plugin writes no more than some 20 MB. */
const MOST_BYTES = 32 * 1024 * 1024;

/** One start of `ansible-playbook`, with its files in a folder of its own. */
export interface Play {
  /** To be put before the path of the play, which is the last argument. */
  readonly options: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What the callback plugin told until now. */
  events(): Promise<PlayEvents>;
  /** Ends what ssh left behind. */
  close(): Promise<void>;
}

/** Writes what a play is given into `folder`. It runs beside its playbook, where its ansible.cfg and roles may lie. */
export async function preparePlay(
  ansible: AnsibleConfig,
  folder: string,
  values: ReadonlyMap<string, string>,
): Promise<Play | { readonly problem: string }> {
  const variables = extraVariables(ansible, values);
  if (!variables.ok) return { problem: variables.problem };
  const [temporary, file, events] = [join(folder, 'tmp'), join(folder, 'vars.json'), join(folder, 'events')];
  await mkdir(temporary, { mode: 0o700 });
  const connections = await folderForSockets(folder);
  await writeFile(file, JSON.stringify(variables.document), { mode: 0o600, flag: 'wx' });
  return {
    options: ['--extra-vars', `@${file}`],
    cwd: dirname(ansible.playbook),
    env: ansibleEnvironment({ temporary, connections, events }),
    events: async () => readEvents(await textOf(events)),
    async close() {
      await endConnections(connections);
      await rm(connections, { recursive: true, force: true }).catch(() => {});
    },
  };
}

async function folderForSockets(folder: string): Promise<string> {
  const usual = join(folder, 'cp');
  if (usual.length > LONGEST_FOLDER) return await mkdtemp('/tmp/forestall-');
  await mkdir(usual, { mode: 0o700 });
  return usual;
}

async function textOf(path: string): Promise<string> {
  try {
    const handle = await open(path);
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(MOST_BYTES, (await handle.stat()).size)));
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    // No event: the plugin did not run.
    return '';
  }
}
