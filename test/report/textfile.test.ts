import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeTextfile } from '../../src/report/textfile.ts';
import { tempDir } from '../support/temp.ts';

describe('writeTextfile', () => {
  it('creates the folder, writes for everybody to read, and leaves nothing beside it', async () => {
    const folder = join(tempDir(), 'a', 'b');
    const path = join(folder, 'x.prom');
    const umask = process.umask(0o077);
    try {
      await writeTextfile(path, 'up 1\n');
    } finally {
      process.umask(umask);
    }
    expect(readFileSync(path, 'utf8')).toBe('up 1\n');
    expect(statSync(path).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder)).toEqual(['x.prom']);
  });

  it('never shows a reader a part of a file', async () => {
    const path = join(tempDir(), 'x.prom');
    const texts = ['a', 'b'].map((letter) => `${letter.repeat(200_000)}\n`);
    await writeTextfile(path, texts[0]!);
    const seen: string[] = [];
    let writing = true;
    const reader = (async () => {
      while (writing) {
        seen.push(readFileSync(path, 'utf8'));
        await new Promise(setImmediate);
      }
    })();
    for (let round = 0; round < 20; round++) await writeTextfile(path, texts[round % 2]!);
    writing = false;
    await reader;
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.every((text) => texts.includes(text))).toBe(true);
  });

  it('keeps the old file and removes its own when it cannot replace it', async () => {
    const folder = tempDir();
    const path = join(folder, 'x.prom');
    mkdirSync(path);
    writeFileSync(join(path, 'inside'), '');
    await expect(writeTextfile(path, 'up 1\n')).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(['x.prom']);
    chmodSync(path, 0o755);
  });

  it('takes many writers at once', async () => {
    const folder = tempDir();
    const path = join(folder, 'x.prom');
    await Promise.all(Array.from({ length: 20 }, (_, at) => writeTextfile(path, `up ${at}\n`)));
    expect(readFileSync(path, 'utf8')).toMatch(/^up \d+\n$/);
    expect(readdirSync(folder)).toEqual(['x.prom']);
  });
});
