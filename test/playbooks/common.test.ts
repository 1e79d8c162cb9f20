import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { playbookFolder } from './programs.ts';

const files = [playbookFolder, join(playbookFolder, 'lib')].flatMap((folder) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(folder, entry.name)),
);
const programs = files.filter((file) => readFileSync(file, 'utf8').startsWith('#!'));

/** Calls functions of lib/common.sh: `script` sees the bytes on standard input, NUL-separated, as $@. */
function common(script: string, values: Buffer[]): Buffer {
  const input = Buffer.concat(values.flatMap((value) => [value, Buffer.from([0])]));
  const text = `PLAYBOOK=test; . "$1"; mapfile -d '' -t values; set -- "\${values[@]}"; ${script}`;
  const child = spawnSync('/bin/bash', ['-uc', text, 'bash', join(playbookFolder, 'lib/common.sh')], { input });
  expect(child.stderr.toString()).toBe('');
  return child.stdout;
}

const bytes = fc
  .oneof(
    fc.uint8Array({ min: 1, maxLength: 24 }).map((array) => Buffer.from(array)),
    fc.string({ unit: 'binary', maxLength: 12 }).map((text) => Buffer.from(text)),
    fc
      .string({
        unit: fc.constantFrom('"', '\\', '\n', '\x7f', '\x1b', 'é', '€', '😀', '$(id)', '%s', '`'),
        maxLength: 8,
      })
      .map(Buffer.from),
  )
  .map((buffer) => buffer.filter((byte) => byte !== 0))
  .map((array) => Buffer.from(array));

describe('what the playbooks share', { timeout: 120_000 }, () => {
  test('any bytes become valid JSON on one line; text that is UTF-8 comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 30 }), (values) => {
        const out = common('for value; do json_string "$value"; printf "\\n"; done', values);
        const lines = new TextDecoder('utf-8', { fatal: true }).decode(out).split('\n').slice(0, -1);
        expect(lines.map((line) => JSON.parse(line))).toEqual(
          values.map((value) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(value)),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('a result is one JSON object whatever is in it', () => {
    const out = common(
      'finish 0 "$1" 3 4096 12 "$2" "$3"',
      ['a "b"\n', 'x\ty', '\\'].map((text) => Buffer.from(text)),
    );
    const line = out.toString().trimEnd().split('\n').at(-1) ?? '';
    expect(JSON.parse(line.replace(/^result: /, ''))).toEqual({
      summary: 'a "b"\n',
      changes: 3,
      freed_bytes: 4096,
      downtime_seconds: 12,
      affects: ['x\ty', '\\'],
    });
  });

  test.each([
    ['/a:/b c::/d', ['/a', '/b c', '/d']],
    ['/a:b\n/c\n', ['/a:b', '/c']],
    ['', []],
    ['/a', ['/a']],
  ])('the list %j', (text, expected) => {
    const out = common('split_list list "$1"; for part in "${list[@]}"; do printf "%s\\0" "$part"; done', [
      Buffer.from(text),
    ]);
    expect(out.toString().split('\0').slice(0, -1)).toEqual(expected);
  });

  test('bytes for people', () => {
    const values = ['0', '1023', '1024', '1536', '1048576', '5905580032', '9000000000000000'];
    const out = common(
      'for n; do human_bytes "$n"; done',
      values.map((value) => Buffer.from(value)),
    );
    expect(out.toString().trimEnd().split('\n')).toEqual([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '1.5 KiB',
      '1.0 MiB',
      '5.5 GiB',
      '7.9 PiB',
    ]);
  });
});

describe('the programs', () => {
  test.each(programs)('%s may be executed', (file) => expect(statSync(file).mode & 0o111).toBe(0o111));

  test('pass shellcheck', () => {
    const check = spawnSync('shellcheck', ['--external-sources', ...files], { encoding: 'utf8' });
    expect([check.status, check.stdout]).toEqual([0, '']);
  }, 120_000);

  test.each(files)('%s evaluates no data, starts no shell with it, and removes nothing recursively', (file) => {
    const code = readFileSync(file, 'utf8').replaceAll(/^\s*#.*$/gm, '');
    expect(code).not.toMatch(/\beval\b|\b(?:ba|da|)sh -c\b|\bxargs\b|\bsource "?\$\{?[0-9@*]/);
    expect(code).not.toMatch(/\brm\b[^|;\n]* -[a-z]*[rR]|--recursive|\brsync\b/);
    // Arithmetic evaluates the subscript of a name[…] a second time; ${name[…]} is expanded once.
    for (const [, expression] of code.matchAll(/\(\((.*?)\)\)/g)) {
      expect(expression).not.toMatch(/(?<!\$\{)\b[A-Za-z_]+\["\$/);
    }
  });
});
