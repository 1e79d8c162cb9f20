import { readdir } from 'node:fs/promises';
import { type Fact, type FactContext, FactFailure, shown } from '../fact.ts';
import { readProcFile, requireProcFile } from './proc.ts';
import { unitName, unitStates } from './systemd.ts';

const TOOLS = ['restic', 'borg', 'rsync', 'snapper', 'pg_dump', 'pg_dumpall', 'pg_basebackup'];
const INTERPRETERS = /^(?:python[\d.]*|bash|dash|sh|perl|ruby)$/;

interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly tool: string;
  readonly isDaemon: boolean;
}

/**
 * How many backups run: processes of restic, borg, rsync, `btrfs send` and `btrfs receive`, snapper and pg_dump,
 * whoever started them, by the name of the program or of the script that an interpreter runs. A waiting rsync daemon
 * does not count, its connections do. To them come those of `backup_units` that are not at rest: active, starting,
 * reloading or stopping. Sources: /proc, and `systemctl show` where units are named.
 */
export const activeBackups: Fact = async (context) => {
  // Where other users' processes are hidden (hidepid, ProtectProc), seeing none would mean nothing.
  await requireProcFile(context, '1/stat').catch(() => {
    throw new FactFailure('the processes of other users cannot be seen (hidepid, ProtectProc or a container)');
  });
  const seen: Seen[] = [];
  for (const name of await readdir(context.procRoot)) {
    if (!/^\d+$/.test(name)) continue;
    const found = await look(context, Number(name));
    if (found !== null) seen.push(found);
  }
  const rsyncs = new Set(seen.filter((one) => one.tool === 'rsync').map((one) => one.pid));
  const active = seen.filter((one) => !one.isDaemon || rsyncs.has(one.parent));
  const units = await activeUnits(context);
  const names = [...units, ...active.slice(0, 10).map((one) => `${one.tool} (${one.pid})`)];
  const value = active.length + units.length;
  return { value, message: value === 0 ? 'no backup is running' : `${value} running: ${shown(names.join(', '))}` };
};

const AT_REST = ['inactive', 'failed'];

async function activeUnits(context: FactContext): Promise<readonly string[]> {
  if (context.backupUnits.length === 0) return [];
  const states = await unitStates(context, [...new Set(context.backupUnits.map(unitName))]);
  return states.filter(({ active }) => !AT_REST.includes(active)).map(({ unit, active }) => `${unit} (${active})`);
}

async function look(context: FactContext, pid: number): Promise<Seen | null> {
  let stat: string;
  let cmdline: string;
  try {
    stat = await readProcFile(context, `${pid}/stat`);
    cmdline = await readProcFile(context, `${pid}/cmdline`);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    if (error instanceof FactFailure) throw error;
    throw new FactFailure(`process ${pid} cannot be looked at (${code ?? String(error)})`);
  }
  const fields = /^\d+ \((.*)\) (\S) (\d+) /s.exec(stat);
  if (fields === null) throw new FactFailure(`/proc/${pid}/stat is not in the form of proc(5)`);
  const [, comm = '', state = '', parent = ''] = fields;
  const argv = cmdline.split('\0');
  // Without arguments: a kernel thread, or a process that has ended.
  if (state === 'Z' || state === 'X' || argv[0] === '') return null;
  const tool = toolOf(comm, argv);
  if (tool === null) return null;
  return { pid, parent: Number(parent), tool, isDaemon: tool === 'rsync' && argv.includes('--daemon') };
}

function toolOf(comm: string, argv: readonly string[]): string | null {
  const program = baseName(argv[0] ?? '');
  const script = INTERPRETERS.test(program) ? baseName(argv.slice(1).find((arg) => !arg.startsWith('-')) ?? '') : '';
  const names = [comm, program, script];
  const tool = TOOLS.find((name) => names.includes(name));
  if (tool !== undefined) return tool;
  const isBtrfs = names.includes('btrfs') && argv.some((arg) => arg === 'send' || arg === 'receive');
  return isBtrfs ? 'btrfs' : null;
}

/** A program may write anything into its title: `postgres: writer`, `sshd: user`. Only the path's last part counts. */
function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
