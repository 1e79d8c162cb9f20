/** File systems that lie on a disk of this machine. Others fill up elsewhere, or are memory, or cannot fill up. */
const ON_DISK: ReadonlySet<string> = new Set([
  'bcachefs',
  'btrfs',
  'ext2',
  'ext3',
  'ext4',
  'f2fs',
  'jfs',
  'reiserfs',
  'xfs',
  'zfs',
]);

interface Mount {
  readonly path: string;
  /** `major:minor`: one file system, however often it is mounted. */
  readonly device: string;
  /** What of the file system is mounted; `/` unless it is a bind mount or a subvolume. */
  readonly root: string;
  readonly type: string;
  readonly writable: boolean;
}

/**
 * The mount points, in the order of their names, of the writable file systems on disk that `/proc/self/mountinfo` (proc(5))
 * lists: each file system once, by the mount that shows most of it. Lines in another form are passed by, as are paths
 * that a glob, a label or a terminal would read as something else.
 */
export function mountPoints(mountinfo: string): readonly string[] {
  const visible = new Map<string, Mount>();
  // What is mounted later over the same point hides what was there.
  for (const line of mountinfo.split('\n')) {
    const mount = parseLine(line);
    if (mount !== null) visible.set(mount.path, mount);
  }
  const best = new Map<string, Mount>();
  for (const mount of visible.values()) {
    if (!ON_DISK.has(mount.type) || !mount.writable || !/^[^\p{C}\p{Zl}\p{Zp}*?]{1,1024}$/u.test(mount.path)) continue;
    const known = best.get(mount.device);
    if (known === undefined || showsMore(mount, known)) best.set(mount.device, mount);
  }
  return [...best.values()].map(({ path }) => path).sort();
}

function parseLine(line: string): Mount | null {
  // ID PARENT MAJOR:MINOR ROOT PATH OPTIONS [FIELD…] - TYPE SOURCE SUPER_OPTIONS
  const match = /^\d+ \d+ (\d+:\d+) (\S+) (\S+) (\S+)(?: \S+)*? - (\S+) \S+ (\S+)$/.exec(line);
  if (match === null) return null;
  const [, device = '', root = '', path = '', options = '', type = '', superOptions = ''] = match;
  const writable = [options, superOptions].every((list) => !list.split(',').includes('ro'));
  return { path: unescapeOctal(path), device, root: unescapeOctal(root), type, writable };
}

/** Blanks, tabs, line ends and backslashes stand there as `\040` and the like. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_written, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function showsMore(mount: Mount, known: Mount): boolean {
  const depth = ({ root, path }: Mount) => [root.length, path.length, path] as const;
  const [a, b] = [depth(mount), depth(known)];
  // A btrfs root is a subvolume, so that `/` is taken for itself.
  if ((mount.path === '/') !== (known.path === '/')) return mount.path === '/';
  if (a[0] !== b[0]) return a[0] < b[0];
  if (a[1] !== b[1]) return a[1] < b[1];
  return a[2] < b[2];
}
