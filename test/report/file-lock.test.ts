import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acquireLock } from '../../src/report/file-lock.ts';
import { tempDir } from '../support/temp.ts';
import { runNode } from './child.ts';

const somewhere = () => join(tempDir(), 'x.lock');

describe('acquireLock', () => {
  it('holds until it is released', async () => {
    const path = somewhere();
    const lock = await acquireLock(path);
    await expect(acquireLock(path, { patience: 60 })).rejects.toThrow('held by another process');
    await lock.confirm();
    await lock.release();
    expect(existsSync(path)).toBe(false);
    await (await acquireLock(path, { patience: 0 })).release();
  });

  it('lets one in at a time', async () => {
    const path = somewhere();
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        const lock = await acquireLock(path);
        most = Math.max(most, ++inside);
        await new Promise(setImmediate);
        inside--;
        await lock.release();
      }),
    );
    expect(most).toBe(1);
  });

  it('takes over at once from a process that died', async () => {
    const path = somewhere();
    const ended = await runNode(
      `import { acquireLock } from './src/report/file-lock.ts'; await acquireLock(process.argv[1]); process.kill(process.pid, 'SIGKILL');`,
      [path],
    );
    expect(ended.signal).toBe('SIGKILL');
    expect(existsSync(path)).toBe(true);
    const lock = await acquireLock(path, { patience: 0, staleAfter: 3_600_000 });
    await lock.release();
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  it.each([
    ['from elsewhere', JSON.stringify({ pid: 1, where: 'another kernel', token: 'x' })],
    ['empty', ''],
    ['garbage', '{'],
  ])('takes one over that is %s only when it is old', async (_name, content) => {
    const path = somewhere();
    writeFileSync(path, content);
    await expect(acquireLock(path, { patience: 60 })).rejects.toThrow('held by another process');
    expect(readFileSync(path, 'utf8')).toBe(content);
    const longAgo = new Date(Date.now() - 120_000);
    utimesSync(path, longAgo, longAgo);
    await (await acquireLock(path, { patience: 0 })).release();
  });

  it('tells a holder that was taken for dead, and leaves the new holder its lock', async () => {
    const path = somewhere();
    const first = await acquireLock(path);
    const longAgo = new Date(Date.now() - 120_000);
    utimesSync(path, longAgo, longAgo);
    const second = await acquireLock(path);
    await expect(first.confirm()).rejects.toThrow('taken over');
    await first.release();
    await second.confirm();
    await second.release();
  });

  it('fails where there is no folder', async () => {
    await expect(acquireLock(join(tempDir(), 'missing', 'x.lock'))).rejects.toThrow('ENOENT');
  });
});
