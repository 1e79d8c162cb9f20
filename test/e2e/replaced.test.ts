import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { alertBody, ended, makeHome, RECORDING_PLAYBOOK, startService } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';

vi.setConfig({ testTimeout: 60_000 });

const asRoot = process.getuid?.() === 0;

function script(text: string, folder = tempDir(), name = 'playbook'): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

/** Carries out one execution of `playbook`; it, and what the recording playbook wrote. */
async function carriedOut(playbook: object): Promise<{ readonly execution: any; readonly records: readonly string[] }> {
  const home = makeHome({
    config: (config: any) => ({ ...config, playbooks: { recording: { ...config.playbooks.recording, ...playbook } } }),
  });
  const service = await startService(home);
  const { decisions } = (await (await service.post('/webhook', alertBody())).json()) as any;
  expect(decisions[0]).toMatchObject({ verdict: 'approved' });
  const execution = await ended(service, decisions[0].execution_id, 40_000);
  await service.stop();
  return { execution, records: home.records() };
}

const NOT_RUN = { state: 'rejected', started_at: null, run: null, dry_run: { exit_code: 0 } };

/** The dry run does it: there is no other moment that is surely between the two. */
describe('a program that is replaced between dry run and run is not run (fault 26)', () => {
  const pinned = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

  it.each([
    ['by another content under the same name', `printf 'touch "$CANARY"\\n' >>"$PROGRAM"`],
    [
      'by another file, renamed over it',
      `printf '#!/bin/sh\\ntouch "$CANARY"\\n' >"$PROGRAM.new"; chmod 755 "$PROGRAM.new"; mv "$PROGRAM.new" "$PROGRAM"`,
    ],
  ])('%s: it is not the pinned one any more', async (_how, spoil) => {
    const program = script(readFileSync(RECORDING_PLAYBOOK, 'utf8'));
    const canary = join(tempDir(), 'canary');
    const { execution, records } = await carriedOut({
      run: [program, '{resource}'],
      dry_run: [script(`#!/bin/sh\nset -e\n${spoil}\n`)],
      sha256: pinned(program),
      env: { PROGRAM: program, CANARY: canary },
    });
    expect(execution).toMatchObject({ ...NOT_RUN, message: expect.stringContaining('sha256') });
    expect(records).toEqual([]);
    expect(existsSync(canary)).toBe(false);
  });

  it('by a link to what everybody can write', async () => {
    const program = script(readFileSync(RECORDING_PLAYBOOK, 'utf8'));
    const loose = script(`#!/bin/sh\ntouch "$CANARY"\n`);
    chmodSync(loose, 0o777);
    const canary = join(tempDir(), 'canary');
    const { execution, records } = await carriedOut({
      run: [program, '{resource}'],
      dry_run: [script(`#!/bin/sh\nexec ln -sfn "$LOOSE" "$PROGRAM"\n`)],
      env: { PROGRAM: program, LOOSE: loose, CANARY: canary },
    });
    expect(execution).toMatchObject({ ...NOT_RUN, message: expect.stringMatching(/can be written by everybody/) });
    expect(records).toEqual([]);
    expect(existsSync(canary)).toBe(false);
  });

  it('by a link that is swung to another program', async () => {
    const folder = tempDir();
    const one = join(folder, 'one');
    copyFileSync(RECORDING_PLAYBOOK, one);
    chmodSync(one, 0o755);
    const two = script(`#!/bin/sh\ntouch "$CANARY"\n`, folder, 'two');
    const link = join(folder, 'playbook');
    symlinkSync(one, link);
    const canary = join(tempDir(), 'canary');
    const { execution, records } = await carriedOut({
      run: [link, '{resource}'],
      dry_run: [script(`#!/bin/sh\nexec ln -sfn "$TWO" "$LINK"\n`)],
      sha256: pinned(one),
      env: { LINK: link, TWO: two, CANARY: canary },
    });
    expect(execution).toMatchObject({ ...NOT_RUN, message: expect.stringContaining('sha256') });
    expect(records).toEqual([]);
    expect(existsSync(canary)).toBe(false);
  });

  it.runIf(asRoot)('by one of another owner', async () => {
    const program = script(readFileSync(RECORDING_PLAYBOOK, 'utf8'));
    const { execution, records } = await carriedOut({
      run: [program, '{resource}'],
      dry_run: [script(`#!/bin/sh\nexec chown 12345 "$PROGRAM"\n`)],
      env: { PROGRAM: program },
    });
    expect(execution).toMatchObject({ ...NOT_RUN, message: expect.stringMatching(/own/) });
    expect(records).toEqual([]);
  });

  it('in its folder, which everybody may write by then', async () => {
    const folder = tempDir();
    const program = script(readFileSync(RECORDING_PLAYBOOK, 'utf8'), folder);
    const { execution, records } = await carriedOut({
      run: [program, '{resource}'],
      dry_run: [script(`#!/bin/sh\nexec chmod 777 "$FOLDER"\n`)],
      env: { FOLDER: folder },
    });
    expect(execution).toMatchObject({ ...NOT_RUN, message: expect.stringMatching(/can be written by everybody/) });
    expect(records).toEqual([]);
  });
});
