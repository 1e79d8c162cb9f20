import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const GROUP_OR_OTHERS = 0o022;
const OTHERS = 0o002;
const STICKY = 0o1000;

/** Why others could change a file, or one that they could put in its place; null: nobody can. `path`: links resolved. */
export async function changeable(path: string): Promise<string | null> {
  return changeableBy(path, await stat(path), GROUP_OR_OTHERS) ?? (await unsafeFolders(path));
}

/** The folder itself as strictly as the program; those above it must not let others rename what is in them. */
export async function unsafeFolders(file: string): Promise<string | null> {
  let folder = dirname(file);
  for (let forbidden = GROUP_OR_OTHERS; ; forbidden = OTHERS) {
    const info = await stat(folder);
    const isSticky = (info.mode & STICKY) !== 0;
    const problem = changeableBy(folder, info, isSticky && forbidden === OTHERS ? 0 : forbidden);
    if (problem !== null) return problem;
    if (folder === '/') return null;
    folder = dirname(folder);
  }
}

/** What scripts read from `lib` beside them is as good as a part of them. */
export async function unsafeLibrary(folder: string): Promise<string | null> {
  const library = join(folder, 'lib');
  const entries = await readdir(library).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
  if (entries === null) return null;
  for (const path of [library, ...entries.map((entry) => join(library, entry))]) {
    const problem = changeableBy(path, await stat(path), GROUP_OR_OTHERS);
    if (problem !== null) return problem;
  }
  return null;
}

/** So many entries of a tree are looked at. */
const MOST_ENTRIES = 5000;

/** The same of everything below a folder that is read while the play runs; null also where there is none. */
export async function changeableBelow(folder: string): Promise<string | null> {
  const waiting = [folder];
  let seen = 0;
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const info = await stat(path).catch(() => null);
    if (info === null) continue;
    if (++seen > MOST_ENTRIES) return `${folder} holds more than ${MOST_ENTRIES} files, too many to look at each`;
    const problem = changeableBy(path, info, GROUP_OR_OTHERS);
    if (problem !== null) return problem;
    if (info.isDirectory()) waiting.push(...(await readdir(path)).map((name) => join(path!, name)));
  }
  return null;
}

function changeableBy(path: string, { uid, mode }: { uid: number; mode: number }, forbidden: number): string | null {
  const own = process.geteuid?.() ?? 0;
  if (uid !== 0 && uid !== own) {
    return `${path} belongs to user ${uid}, neither root nor the user that runs this (${own}); change its owner`;
  }
  if ((mode & forbidden) === 0) return null;
  const who = (mode & OTHERS) !== 0 ? 'everybody' : 'its group';
  return `${path} can be written by ${who} (mode ${(mode & 0o7777).toString(8)}); chmod go-w ${path}`;
}
