import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { openOutput } from '../../src/playbook/output.ts';
import { tempDir } from '../support/temp.ts';

describe('openOutput', () => {
  it('gives the bytes of a log, also of an empty one', async () => {
    const folder = tempDir();
    writeFileSync(join(folder, 'EX-1.run.log'), Buffer.from([0xff, 0, 0x41]));
    writeFileSync(join(folder, 'EX-1.dry_run.log'), '');
    const output = await openOutput(folder, 'EX-1', 'run');
    expect(output?.size).toBe(3);
    expect(await buffer(output!.stream)).toEqual(Buffer.from([0xff, 0, 0x41]));
    const empty = await openOutput(folder, 'EX-1', 'dry_run');
    expect(await buffer(empty!.stream)).toHaveLength(0);
  });

  it('knows no log that is not there', async () => {
    expect(await openOutput(tempDir(), 'EX-1', 'run')).toBeNull();
    expect(await openOutput('/no/such/folder', 'EX-1', 'run')).toBeNull();
  });

  it.each(['../EX', '..', '', 'a/b', 'a\0', 'a.b', '%2e%2e', 'a'.repeat(200), 'é'])(
    'does not take %j for an id',
    async (id) => {
      const folder = tempDir();
      mkdirSync(join(folder, 'logs'));
      writeFileSync(join(folder, 'EX.run.log'), 'secret');
      expect(await openOutput(join(folder, 'logs'), id, 'run')).toBeNull();
    },
  );

  it.each(['', 'log', '../run', 'RUN', 'toString'])('does not take %j for a phase', async (phase) => {
    const folder = tempDir();
    writeFileSync(join(folder, `EX.${phase.replaceAll('/', '')}.log`), 'secret');
    expect(await openOutput(folder, 'EX', phase)).toBeNull();
  });

  it('follows no link, opens no folder', async () => {
    const folder = tempDir();
    symlinkSync('/etc/passwd', join(folder, 'EX.run.log'));
    mkdirSync(join(folder, 'EX.dry_run.log'));
    expect(await openOutput(folder, 'EX', 'run')).toBeNull();
    expect(await openOutput(folder, 'EX', 'dry_run')).toBeNull();
  });
});
