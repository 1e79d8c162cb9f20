import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findProgram, inspectProgram } from '../../src/playbook/program.ts';
import { program, testPlaybook } from '../support/playbook.ts';
import { tempDir } from '../support/temp.ts';

const isRoot = process.geteuid?.() === 0;

describe('inspectProgram', () => {
  it('lets a program pass that only its owner can change', async () => {
    expect(await inspectProgram(testPlaybook('answer'))).toEqual({ problem: null });
  });

  it('finds a name on PATH, and says when it does not', async () => {
    expect(await findProgram('true')).toMatchObject({ path: expect.stringMatching(/^\/.*\/true$/) });
    expect(await findProgram('no-such-program-here')).toMatchObject({
      problem: 'program "no-such-program-here" is not on PATH',
    });
    expect(await findProgram('./answer')).toMatchObject({
      problem: expect.stringContaining('neither an absolute path'),
    });
    expect(await findProgram('')).toMatchObject({ problem: expect.any(String) });
  });

  it('looks at both phases', async () => {
    const playbook = testPlaybook('answer');
    for (const changes of [{ run: ['/no/such'] }, { dry_run: ['/no/such'] }]) {
      expect(await inspectProgram({ ...playbook, ...changes })).toEqual({
        problem: 'playbook answer: program /no/such does not exist',
      });
    }
  });

  it('refuses a program that is not the one that was pinned', async () => {
    const playbook = testPlaybook('answer');
    const [path] = playbook.run;
    const sha256 = createHash('sha256').update(readFileSync(path!)).digest('hex');
    expect(await inspectProgram({ ...playbook, sha256 })).toEqual({ problem: null });
    appendFileSync(path!, '\n');
    const { problem } = await inspectProgram({ ...playbook, sha256 });
    expect(problem).toMatch(/^playbook answer: \/.* is not the program that was pinned: its sha256 is [0-9a-f]{64}, /);
    expect(problem).toContain(sha256);
  });

  it('looks at what lies in lib beside it as well', async () => {
    const path = program('answer');
    const library = join(dirname(path), 'lib');
    mkdirSync(library, { mode: 0o755 });
    writeFileSync(join(library, 'part.sh'), '');
    expect(await findProgram(path)).toMatchObject({ path });
    for (const part of [join(library, 'part.sh'), library]) {
      chmodSync(part, 0o777);
      expect(await findProgram(path)).toEqual({
        problem: expect.stringContaining(`${part} can be written by everybody`),
      });
      chmodSync(part, 0o755);
    }
  });

  it('refuses a placeholder that does not exist', async () => {
    expect((await inspectProgram(testPlaybook('answer', { args: ['{recource}'] }))).problem).toContain('{recource}');
  });

  const changes: readonly [string, (path: string) => void, string][] = [
    [
      'is writable by everybody',
      (path) => chmodSync(path, 0o757),
      'can be written by everybody (mode 757); chmod go-w',
    ],
    ['is writable by its group', (path) => chmodSync(path, 0o775), 'can be written by its group'],
    [
      'lies in a folder that everybody can write',
      (path) => chmodSync(dirname(path), 0o777),
      'can be written by everybody',
    ],
    [
      'lies in a sticky folder that everybody can write',
      (path) => chmodSync(dirname(path), 0o1777),
      'can be written by everybody',
    ],
    ['may not be executed', (path) => chmodSync(path, 0o644), 'chmod +x'],
    [
      'is a folder',
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
      'not a regular file',
    ],
    [
      'is a link to itself',
      (path) => {
        rmSync(path);
        symlinkSync(path, path);
      },
      'leads back to itself',
    ],
    [
      'is a link to nothing',
      (path) => {
        rmSync(path);
        symlinkSync('/no/such', path);
      },
      'does not exist',
    ],
    [
      'names an interpreter that is missing',
      (path) => writeFileSync(path, '#!/no/such/bash -e\n'),
      'its interpreter "/no/such/bash" is missing',
    ],
    ['has Windows line ends', (path) => writeFileSync(path, '#!/bin/bash\r\n'), 'Windows line ends'],
  ];
  it.each(changes)('refuses a program that %s', async (_what, change, problem) => {
    const path = program('answer');
    change(path);
    expect(await findProgram(path)).toEqual({ problem: expect.stringContaining(problem) });
  });

  it('follows a link to where the program lies, and looks at both folders', async () => {
    const target = program('answer');
    const link = join(tempDir(), 'link');
    symlinkSync(target, link);
    expect(await findProgram(link)).toEqual({ path: link, folder: dirname(target) });
    chmodSync(dirname(link), 0o777);
    expect(await findProgram(link)).toMatchObject({ problem: expect.stringContaining(dirname(link)) });
    chmodSync(dirname(link), 0o700);
    chmodSync(target, 0o666);
    expect(await findProgram(link)).toMatchObject({ problem: expect.stringContaining(target) });
  });

  it('refuses a program whose grandparent folder lets everybody rename what is in it', async () => {
    const path = program('answer');
    const parent = tempDir();
    mkdirSync(join(parent, 'in'), { mode: 0o755 });
    renameSync(path, join(parent, 'in', 'answer'));
    expect(await findProgram(join(parent, 'in', 'answer'))).toMatchObject({ folder: join(parent, 'in') });
    chmodSync(parent, 0o777);
    expect(await findProgram(join(parent, 'in', 'answer'))).toMatchObject({
      problem: expect.stringContaining(`${parent} can be written`),
    });
  });

  it.runIf(isRoot)('refuses a program or folder of another user', async () => {
    const path = program('answer');
    chownSync(path, 12345, 0);
    expect(await findProgram(path)).toMatchObject({ problem: expect.stringContaining('belongs to user 12345') });
    chownSync(path, 0, 0);
    chownSync(dirname(path), 12345, 0);
    expect(await findProgram(path)).toMatchObject({ problem: expect.stringContaining('belongs to user 12345') });
  });
});
