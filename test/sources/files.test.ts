import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/wait.ts';
import { document, HOUR, NOW, ROOT, setUp } from './sources.ts';

/** Polls only come every minute in `setUp`: what is seen sooner was seen by the watch. */
const SOON = { timeout: 15_000 };

describe('reading files', () => {
  it('reads them at the start, and labels where they come from', async () => {
    const { sources, write, file, health } = setUp();
    write(document(8.2));
    await sources.start();
    expect(await sources.current(ROOT)).toMatchObject({
      ...ROOT,
      days_until_critical: 8.2,
      observed_at: NOW - HOUR,
      source: `file:${file}`,
    });
    expect(await sources.current({ ...ROOT, host: 'a' })).toBeNull();
    const dated_at = expect.any(Number);
    expect(health()).toEqual({
      source: `file:${file}`,
      up: true,
      last_success: NOW,
      dated_at,
      problem: null,
      problems: 0,
    });
  });

  it('takes the time of the file where the document names none', async () => {
    const { sources, write, file } = setUp();
    write('{"prediction_type":"disk_exhaustion","resource":"/","days_until_critical":5,"confidence":0.5}');
    utimesSync(file, new Date(NOW - 2 * HOUR), new Date(NOW - 2 * HOUR));
    await sources.readOnce();
    expect((await sources.current(ROOT))?.observed_at).toBe(NOW - 2 * HOUR);
    utimesSync(file, new Date(NOW - HOUR), new Date(NOW - HOUR));
    await sources.readOnce();
    expect((await sources.current(ROOT))?.observed_at).toBe(NOW - HOUR);
  });

  it('says when what it read was made, also of an empty document, and while the file cannot be read', async () => {
    const { sources, write, file, health } = setUp();
    const datedAfter = async (text: string | null) => {
      if (text !== null) write(text);
      utimesSync(file, new Date(NOW - HOUR), new Date(NOW - HOUR));
      await sources.readOnce();
      return health()?.dated_at;
    };
    expect(await datedAfter('{"predictions":[]}')).toBe(NOW - HOUR);
    expect(await datedAfter('{"generated_at":"2026-03-01T09:00:00Z","predictions":[]}')).toBe(NOW - 3 * HOUR);
    expect(await datedAfter('no JSON')).toBe(NOW - 3 * HOUR);
    expect(await datedAfter('{"generated_at":"soon","predictions":[]}')).toBeNull();
    expect(await datedAfter('[]')).toBe(NOW - HOUR);
    unlinkSync(file);
    await sources.readOnce();
    expect(health()).toMatchObject({ up: false, dated_at: null });
  });

  it('reads again when asked, without watching', async () => {
    const { sources, write, days } = setUp();
    write(document(8));
    await sources.readOnce();
    write(document(6));
    await sources.readOnce();
    expect(await days()).toBe(6);
  });

  it('knows one prediction per target, the newest, of equally old ones that of the later file', async () => {
    const { sources, write, folder, days } = setUp({ files: [] });
    const files = ['a.json', 'b.json'].map((name) => join(folder, name));
    write(document(1, NOW - HOUR), 'a.json');
    write(document(2, NOW - 2 * HOUR), 'b.json');
    await sources.setFiles(files, HOUR);
    expect(await days()).toBe(1);
    expect(await sources.all()).toHaveLength(1);
    write(document(2, NOW - HOUR), 'b.json');
    await sources.readOnce();
    expect(await days()).toBe(2);
    write(document(1, NOW - HOUR, { confidence: 0.1 }), 'a.json');
    await sources.readOnce();
    expect(await days()).toBe(2);
  });

  it('skips bad entries and says how many', async () => {
    const { sources, write, health, logged, file } = setUp();
    write(`[${document(8).slice(16, -2)},{"prediction_type":"x"}]`);
    await sources.readOnce();
    expect(health()).toMatchObject({
      up: true,
      problems: 1,
      problem: '[1].resource is missing: a text that is not empty is needed',
    });
    expect(await sources.all()).toHaveLength(1);
    expect(logged.filter((line) => line.includes(file))).toHaveLength(1);
  });

  it.each([
    ['nothing usable', '[{"prediction_type":"x"}]', /nothing usable: \[0\].resource is missing/],
    ['another document', '{"hello":1}', /neither "predictions" nor/],
    ['no JSON', 'canary-secret', /^is not JSON, or only half written/],
    ['nothing', '', /is empty/],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), /not UTF-8/],
  ])('is down with %s, and quotes nothing of a foreign file', async (_name, text, problem) => {
    const { sources, file, health, logged } = setUp();
    writeFileSync(file, text);
    await sources.readOnce();
    expect(health()).toMatchObject({ up: false, last_success: null, problem: expect.stringMatching(problem) });
    expect(logged.join()).not.toContain('canary');
  });

  it('reads a file with a byte order mark', async () => {
    const { sources, write, days } = setUp();
    write(`\ufeff${document(8)}`);
    await sources.readOnce();
    expect(await days()).toBe(8);
  });

  it('refuses a file of 50 MiB and more, a folder and a pipe, without waiting', async () => {
    const { sources, file, health } = setUp();
    writeFileSync(file, '');
    truncateSync(file, 50 * 1024 * 1024 + 1);
    await sources.readOnce();
    expect(health()).toMatchObject({ up: false, problem: 'is longer than 50 MiB: split it into several files' });
    rmSync(file);
    mkdirSync(file);
    await sources.readOnce();
    expect(health()).toMatchObject({ up: false, problem: 'is not a regular file' });
    rmSync(file, { recursive: true });
    execFileSync('mkfifo', [file]);
    await sources.readOnce();
    expect(health()).toMatchObject({ up: false, problem: 'is not a regular file' });
  });

  it('believes a date in the future once the time has come, though the file stays the same', async () => {
    const { sources, write, clock, days, health } = setUp({ pollInterval: 20 });
    write(document(8, NOW + HOUR));
    await sources.start();
    expect(health()).toMatchObject({ up: false, problem: expect.stringContaining('is in the future') });
    clock.now = NOW + HOUR;
    await eventually(async () => (await days()) === 8);
    expect(health()).toMatchObject({ up: true });
  });
});

describe('watching files', () => {
  it('sees a file rewritten in place', async () => {
    const { sources, write, days, changes } = setUp();
    write(document(8));
    await sources.start();
    const before = changes();
    write(document(6));
    await eventually(async () => (await days()) === 6, SOON);
    expect(changes()).toBeGreaterThan(before);
  });

  it('sees a file replaced by rename', async () => {
    const { sources, write, days, folder, file } = setUp();
    write(document(8));
    await sources.start();
    for (const next of [6, 5, 4]) {
      write(document(next), 'new.json');
      renameSync(join(folder, 'new.json'), file);
      await eventually(async () => (await days()) === next, SOON);
    }
  });

  it('sees a file deleted, and created again', async () => {
    const { sources, write, days, file, health } = setUp();
    write(document(8));
    await sources.start();
    unlinkSync(file);
    await eventually(async () => (await days()) === undefined, SOON);
    expect(health()).toMatchObject({
      up: false,
      last_success: NOW,
      problem: expect.stringMatching(/^does not exist: let your/),
    });
    expect(await sources.all()).toEqual([]);
    write(document(7));
    await eventually(async () => (await days()) === 7, SOON);
    expect(health()).toMatchObject({ up: true, problem: null });
  });

  it('keeps the last good one while a file is half written', async () => {
    const { sources, write, days, file, health } = setUp();
    write(document(8));
    await sources.start();
    const text = document(6);
    write(text.slice(0, 20));
    await eventually(() => health()?.up === false, SOON);
    expect(health()).toMatchObject({ problem: expect.stringMatching(/half written/), last_success: NOW });
    expect(await days()).toBe(8);
    appendFileSync(file, text.slice(20));
    await eventually(() => health()?.up, SOON);
    expect(await days()).toBe(6);
  });

  it('forgets the entries that left a file', async () => {
    const { sources, write, days } = setUp();
    write(document(8));
    await sources.start();
    write('{"predictions":[]}');
    await eventually(async () => (await days()) === undefined, SOON);
    expect(sources.health()[0]?.up).toBe(true);
  });

  it('sees the link of a mounted volume swapped', async () => {
    const { sources, folder, file, days } = setUp();
    for (const version of [1, 2]) {
      mkdirSync(join(folder, `..v${version}`));
      writeFileSync(join(folder, `..v${version}`, 'predictions.json'), document(version));
    }
    symlinkSync('..v1', join(folder, '..data'));
    symlinkSync('..data/predictions.json', file);
    await sources.start();
    expect(await days()).toBe(1);
    symlinkSync('..v2', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    await eventually(async () => (await days()) === 2, SOON);
  });

  it('finds a file whose folder comes later, and one whose folder was replaced', async () => {
    const { sources, folder, days } = setUp({ files: [], pollInterval: 50 });
    const later = join(folder, 'later');
    await sources.setFiles([join(later, 'p.json')], HOUR);
    await sources.start();
    expect(sources.health()).toMatchObject([
      { up: false, problem: expect.stringMatching(/^does not exist: let your/) },
    ]);
    for (const version of [1, 2]) {
      mkdirSync(later);
      writeFileSync(join(later, 'p.json'), document(version));
      await eventually(async () => (await days()) === version, SOON);
      rmSync(later, { recursive: true });
      await eventually(async () => (await days()) === undefined, SOON);
    }
  });

  it('watches a folder that replaced another one, too', async () => {
    const { sources, folder, days } = setUp({ files: [], pollInterval: 60_000 });
    const inner = join(folder, 'inner');
    const put = (days: number) => writeFileSync(join(inner, 'p.json'), document(days));
    mkdirSync(inner);
    put(1);
    await sources.setFiles([join(inner, 'p.json')], HOUR);
    await sources.start();
    put(5);
    await eventually(async () => (await days()) === 5, SOON);
    renameSync(inner, join(folder, 'old'));
    mkdirSync(inner);
    put(2);
    await eventually(async () => (await days()) === 2, SOON);
    put(3);
    await eventually(async () => (await days()) === 3, SOON);
  });

  it('finds by its poll what no watch tells: a link to another folder', async () => {
    const { sources, folder, file, days } = setUp({ pollInterval: 30 });
    mkdirSync(join(folder, 'elsewhere'));
    writeFileSync(join(folder, 'elsewhere', 'p.json'), document(1));
    symlinkSync('elsewhere/p.json', file);
    await sources.start();
    writeFileSync(join(folder, 'elsewhere', 'p.json'), document(2));
    await eventually(async () => (await days()) === 2, SOON);
  });

  it('tries again what cannot even be looked at', async () => {
    const { sources, folder, file, days, health } = setUp({ pollInterval: 30 });
    mkdirSync(join(folder, 'elsewhere'));
    symlinkSync('p.json', join(folder, 'elsewhere', 'p.json'));
    symlinkSync('elsewhere/p.json', file);
    await sources.start();
    expect(health()).toMatchObject({ up: false, problem: expect.stringContaining('ELOOP') });
    unlinkSync(join(folder, 'elsewhere', 'p.json'));
    writeFileSync(join(folder, 'elsewhere', 'p.json'), document(8));
    await eventually(async () => (await days()) === 8, SOON);
  });

  it('takes a burst of writes for few changes, and ends at the last', async () => {
    const { sources, write, days, changes } = setUp();
    write(document(1_000));
    await sources.start();
    const before = changes();
    for (let i = 0; i < 300; i++) write(document(i));
    await eventually(async () => (await days()) === 299, SOON);
    expect(changes() - before).toBeLessThan(20);
  });

  it('is not kept from reading by a folder that never is quiet', async () => {
    const { sources, write, days } = setUp();
    await sources.start();
    const noise = setInterval(() => write('x', 'noise.db'), 5);
    try {
      write(document(3));
      await eventually(async () => (await days()) === 3, SOON);
    } finally {
      clearInterval(noise);
    }
  });

  it('does not report again what stayed the same', async () => {
    const { sources, write, file, changes, logged, clock, health } = setUp({ pollInterval: 10 });
    write(document(8));
    await sources.start();
    const before = [changes(), logged.length];
    clock.now = NOW + HOUR;
    await eventually(() => health()?.last_success === NOW + HOUR, SOON);
    utimesSync(file, new Date(), new Date(statSync(file).mtimeMs));
    await sources.readOnce();
    expect([changes(), logged.length]).toEqual(before);
  });

  it('says a problem once', async () => {
    const { sources, write, logged } = setUp({ pollInterval: 10 });
    write('{');
    await sources.start();
    for (let i = 0; i < 20; i++) await sources.readOnce();
    expect(logged.filter((line) => line.startsWith('warn'))).toHaveLength(1);
  });

  it('goes on when a change cannot be passed on', async () => {
    const { sources, write, days, logged } = setUp({
      onChange: () => {
        throw new Error('boom');
      },
    });
    write(document(8));
    await sources.start();
    write(document(6));
    await eventually(async () => (await days()) === 6, SOON);
    expect(logged.some((line) => line.startsWith('error'))).toBe(true);
  });
});

describe('other files', () => {
  it('are read and watched, those no longer named are gone', async () => {
    const { sources, write, folder, days } = setUp();
    write(document(8));
    await sources.start();
    write(document(3), 'other.json');
    await sources.setFiles([join(folder, 'other.json')], HOUR);
    expect(await days()).toBe(3);
    write(document(2), 'other.json');
    await eventually(async () => (await days()) === 2, SOON);
    expect(sources.health().map(({ source }) => source)).toEqual([`file:${join(folder, 'other.json')}`]);
    await sources.setFiles([], HOUR);
    expect(await sources.all()).toEqual([]);
    expect(sources.health()).toEqual([]);
  });

  it('named twice are one', async () => {
    const { sources, file } = setUp();
    await sources.setFiles([file, join(file, '..', 'predictions.json')], HOUR);
    expect(sources.health()).toHaveLength(1);
  });
});

it('changes nothing once closed', async () => {
  const { sources, write, changes } = setUp({ pollInterval: 10 });
  write(document(8));
  await sources.start();
  await sources.close();
  const before = changes();
  write(document(6));
  await sources.readOnce();
  expect(changes()).toBe(before);
  await sources.close();
});

it('answers from 10,000 predictions without reading them again', async () => {
  const { sources, write } = setUp();
  const entries = Array.from({ length: 10_000 }, (_, i) => ({
    ...ROOT,
    resource: `/r${i}`,
    days_until_critical: 5,
    confidence: 0.9,
    observed_at: new Date(NOW).toISOString(),
  }));
  write(JSON.stringify(entries));
  await sources.start();
  const first = await sources.all();
  expect(first).toHaveLength(10_000);
  expect((await sources.all())[0]).toBe(first[0]);
});
