import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAnsiStripper } from '../../src/playbook/ansi.ts';
import { createCapture } from '../../src/playbook/capture.ts';
import { tempDir } from '../support/temp.ts';

const LIMIT = 4096;

async function captured(pieces: readonly Uint8Array[], limit = LIMIT): Promise<{ bytes: Buffer; last: string | null }> {
  const path = join(tempDir(), 'log');
  const file = await open(path, 'w');
  const capture = createCapture(file, limit);
  const reused = Buffer.alloc(100_000);
  for (const piece of pieces) {
    reused.set(piece);
    capture.write(reused.subarray(0, piece.length));
  }
  reused.fill(0x21);
  expect(await capture.finish()).toBeNull();
  await file.close();
  return { bytes: await readFile(path), last: capture.lastLine() };
}

describe('createAnsiStripper', () => {
  const SEQUENCES = [
    '\x1b[31m',
    '\x1b[1;38;5;9m',
    '\x1b[2K',
    '\x1b]0;a title\x07',
    '\x1b]8;;http://x\x1b\\',
    '\x1bPq#0\x1b\\',
    '\x1b(B',
    '\x1b7',
    '\x1b[?25l',
  ];

  it('leaves the text and nothing of the sequences, wherever the pieces are cut', () => {
    const part = fc.oneof(
      fc.constantFrom(...SEQUENCES),
      fc.string({ unit: 'grapheme' }).map((s) => s.replaceAll(/\p{Cc}/gu, '')),
    );
    fc.assert(
      fc.property(fc.array(part), fc.array(fc.nat({ max: 20 })), (parts, cuts) => {
        const bytes = Buffer.from(parts.join(''));
        const strip = createAnsiStripper();
        const out: Buffer[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          out.push(strip(bytes.subarray(at, at + cut)));
          at += cut;
        }
        expect(Buffer.concat(out).toString()).toBe(parts.filter((p) => !SEQUENCES.includes(p)).join(''));
      }),
    );
  });

  it('loses at most the rest of the line to a sequence that nobody closes', () => {
    expect(createAnsiStripper()(Buffer.from('a\x1b]0;never closed\nb\x1b[\nc\x1b')).toString()).toBe('a\nb\nc');
  });
});

describe('createCapture', () => {
  it('keeps what fits, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), async (pieces) => {
        const clean = pieces.map((piece) => piece.map((byte) => (byte === 0x1b ? 0x20 : byte)));
        expect((await captured(clean)).bytes).toEqual(Buffer.concat(clean));
      }),
      { numRuns: 30 },
    );
  });

  it('keeps beginning and end of what does not fit, and says how much is missing', async () => {
    const lines = Array.from({ length: 1000 }, (_, i) => `line ${i}\n`);
    const { bytes, last } = await captured(lines.map((line) => Buffer.from(line)));
    const text = bytes.toString();
    expect(bytes.length).toBeLessThanOrEqual(LIMIT);
    const [, dropped] = /\n\[forestall: (\d+) bytes of output are left out here; 4096 are kept\]\n/.exec(text) ?? [];
    const [head = '', tail = ''] = text.split(/\n\[forestall: .*\]\n/);
    expect(lines.join('').startsWith(head)).toBe(true);
    expect(lines.join('').endsWith(tail)).toBe(true);
    expect(tail).toMatch(/^line \d+\n/);
    expect(head.length + tail.length + Number(dropped)).toBe(lines.join('').length);
    expect(last).toBe('line 999');
  });

  it('never exceeds its limit, never parts a character of the beginning', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 3 }), fc.array(fc.nat({ max: 9000 }), { maxLength: 6 }), async (shift, sizes) => {
        const pieces = sizes.map((size) => Buffer.from('x'.repeat(shift) + '☃'.repeat(Math.floor(size / 3))));
        const { bytes } = await captured(pieces);
        expect(bytes.length).toBeLessThanOrEqual(LIMIT);
        const [head] = bytes.toString().split('\n[forestall');
        expect(head).not.toContain('\ufffd');
      }),
      { numRuns: 40 },
    );
  });

  it('names a file that cannot be written and goes on', async () => {
    const full = await open('/dev/full', 'w');
    const capture = createCapture(full, LIMIT);
    capture.write(Buffer.from('lost\n'));
    expect(await capture.finish()).toContain('ENOSPC');
    expect(capture.lastLine()).toBe('lost');
    await full.close();
  });

  it('knows the last line that says something, cleaned and cut', () => {
    const capture = createCapture(null);
    expect(capture.lastLine()).toBeNull();
    capture.write(Buffer.from(`one\n\x1b[31m${'y'.repeat(300)}\x1b[0m \x07\u202e\r\n\n  \n`));
    expect(capture.lastLine()).toBe(`${'y'.repeat(199)}…`);
  });
});
