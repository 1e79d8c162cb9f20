import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { type Ended, type Programs, runPlaybook } from './programs.ts';

export type Kind = 'tmpfs' | 'ext4';

/** tmpfs needs nothing but a user namespace; a loop-back image needs root and a free loop device. */
export const kinds: Kind[] =
  process.getuid?.() === 0 &&
  spawnSync('losetup', ['--find']).status === 0 &&
  spawnSync('mkfs.ext4', ['-V']).status === 0
    ? ['tmpfs', 'ext4']
    : ['tmpfs'];

/**
 * A file system of its own, mounted in a mount namespace that nobody else sees.
 * `root` is its mount point inside; `at(path)` reaches a path on it from outside; names are bytes as latin1 text.
 */
export type FileSystem = {
  root: string;
  at(path?: string): Buffer;
  usedBytes(): number;
  manifest(): Map<string, string>;
  bash(script: string, ...args: string[]): string;
  playbook(name: string, args: string[], options?: { env?: Record<string, string>; programs?: Programs }): Ended;
  /** Starts a process inside that lives until `end`; resolves once it printed a line. */
  hold(script: string): Promise<{ end(): Promise<void> }>;
  stop(): Promise<void>;
};

type Child = ChildProcessByStdio<Writable, Readable, null>;

async function started(command: string, args: string[]): Promise<Child> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise<void>((done, failed) => {
    child.stdout.once('data', () => done());
    child.once('error', failed);
    child.once('exit', (code) => failed(new Error(`${command} ended with ${code} before it was ready`)));
  });
  return child;
}

async function ended(child: Child): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise<void>((done) => child.once('exit', () => done()));
  child.stdin.end();
  await exit;
}

export async function createFileSystem(kind: Kind, megabytes = 64): Promise<FileSystem> {
  const asRoot = process.getuid?.() === 0;
  const root = mkdtempSync(join(tmpdir(), 'file-system-'));
  const image = `${root}.img`;
  const mount =
    kind === 'tmpfs'
      ? `mount -t tmpfs -o noatime,mode=0755,size=${megabytes}M none "$1"`
      : `truncate -s ${megabytes}M "$2" && mkfs.ext4 -q -m 0 "$2" && mount -o loop,noatime "$2" "$1"`;
  const script = `${mount} && echo ready && exec cat`;
  const unshare = [asRoot ? '--mount' : '--map-root-user', '--mount', 'bash', '-c', script, 'bash', root, image];
  const keeper = await started('unshare', unshare);
  const enter = [
    'nsenter',
    `--target=${keeper.pid}`,
    '--mount',
    ...(asRoot ? [] : ['--user', '--preserve-credentials']),
  ];
  const outside = `/proc/${keeper.pid}/root${root}`;
  const bash = (text: string, ...args: string[]) => {
    const command = [...enter.slice(1), 'bash', '-euc', `cd -- "$1"; shift\n${text}`, 'bash', root, ...args];
    const child = spawnSync(enter[0]!, command, { encoding: 'utf8' });
    if (child.status !== 0) throw new Error(`${text}: ${child.stderr}`);
    return child.stdout;
  };
  const at = (path = '') => Buffer.from(path === '' ? outside : `${outside}/${path}`, 'latin1');
  return {
    root,
    at,
    bash,
    usedBytes() {
      bash('sync -f .');
      const now = statfsSync(outside);
      return (now.blocks - now.bfree) * now.bsize;
    },
    manifest: () => manifestOf(at),
    playbook: (name, args, options = {}) => runPlaybook(name, args, { ...options, prefix: enter }),
    async hold(text) {
      const child = await started(enter[0]!, [
        ...enter.slice(1),
        'bash',
        '-c',
        `cd -- "$1"\n${text}\necho held; read -r _`,
        'bash',
        root,
      ]);
      return { end: () => ended(child) };
    },
    async stop() {
      await ended(keeper);
      rmdirSync(root);
      rmSync(image, { force: true });
    },
  };
}

/** Every entry with what makes it itself: type, mode, owner, inode, times, and the hash of its content or its link text. */
function manifestOf(at: (path?: string) => Buffer): Map<string, string> {
  const entries = new Map<string, string>();
  const walk = (path: string) => {
    const stat = lstatSync(at(path), { bigint: true });
    let content = '';
    if (stat.isFile())
      content = createHash('sha256')
        .update(readFileSync(at(path)))
        .digest('hex');
    if (stat.isSymbolicLink()) content = readlinkSync(at(path), { encoding: 'latin1' });
    const times = stat.isDirectory() ? '' : `${stat.mtimeNs} ${stat.atimeNs}`;
    entries.set(path, [stat.mode, stat.uid, stat.gid, stat.ino, times, content].join(' '));
    if (!stat.isDirectory()) return;
    for (const name of readdirSync(at(path), { encoding: 'buffer' })) {
      const text = name.toString('latin1');
      walk(path === '' ? text : `${path}/${text}`);
    }
  };
  walk('');
  return entries;
}

/** What is in `before` and not, or not the same, in `after`, and the other way round. */
export function changed(before: Map<string, string>, after: Map<string, string>): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}
