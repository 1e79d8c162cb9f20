import { describe, expect, it } from 'vitest';
import type { PhaseOutcome, PlaybookResult } from '../../src/execution/execution.ts';
import { whatItDid } from '../../src/loop/what-it-did.ts';

const GIB = 2 ** 30;
const target = { prediction_type: 'disk_exhaustion', resource: '/data', host: null };
const NOTHING: PlaybookResult = {
  summary: null,
  changes: null,
  freed_bytes: null,
  downtime_seconds: null,
  affects: [],
};

const outcome = (result: Partial<PlaybookResult> | null, before?: number, after?: number): PhaseOutcome => ({
  exit_code: 0,
  duration_seconds: 2.14,
  result: result === null ? null : { ...NOTHING, ...result },
  used_bytes: before === undefined || after === undefined ? null : { before, after },
  error: null,
});

const SILENT = 'exit code 0 after 2.1 s, and it did not say what it changed';

describe('whatItDid', () => {
  it.each([
    [12.3 * GIB, 12.3 * GIB, 'the file system of /data used 12.3 GiB before and after: nothing changed'],
    [12.3 * GIB, 11.1 * GIB, 'the file system of /data freed 1.2 GiB: it used 12.3 GiB before and 11.1 GiB after'],
    [
      12.3 * GIB,
      12.3 * GIB + 8192,
      'the file system of /data used 12.3 GiB before and 8 KiB more after: nothing was freed',
    ],
  ])('asks the file system where the playbook is silent: %d, %d', (before, after, words) => {
    expect(whatItDid(outcome(null, before, after), target)).toBe(`${SILENT}; ${words}`);
    expect(whatItDid(outcome({}, before, after), target)).toBe(`${SILENT}; ${words}`);
    expect(whatItDid(outcome({ summary: 'done' }, before, after), target)).toBe(`done; ${words}`);
  });

  it('says that it did not say, where nothing was measured', () => {
    expect(whatItDid(outcome(null), { ...target, resource: 'jellyfin' })).toBe(SILENT);
  });

  it('says whose file system that is when the prediction is about another host', () => {
    const words = whatItDid(outcome(null, GIB, GIB), { ...target, host: 'nas' });
    expect(words).toContain('the file system of /data on this machine used 1 GiB before and after');
  });

  it.each([{ changes: 0 }, { changes: 3 }, { freed_bytes: 0 }, { freed_bytes: GIB }])(
    'takes the word of a playbook that counts: %j',
    (counts) => {
      expect(whatItDid(outcome({ summary: 'cleaned', ...counts }, 2, 1), target, GIB)).toBe('cleaned');
      expect(whatItDid(outcome({ summary: 'cleaned', ...counts }), target, GIB)).toBe('cleaned');
      expect(whatItDid(outcome(counts, 2, 1), target)).toBe('ended in 2.1 s');
      expect(whatItDid(outcome({ ...counts, freed_bytes: 0 }, 1, 1), target)).toBe('ended in 2.1 s');
    },
  );

  it.each([
    ['its dry run promised', { changes: 3 }, 2 * GIB],
    ['it says it freed', { freed_bytes: 2 * GIB }, null],
    ['it says it freed, of less promised', { freed_bytes: 2 * GIB }, GIB],
  ])('says where nothing shows of the bytes that %s', (_whose, counts, promised) => {
    const words = 'of 2 GiB nothing shows: the file system of /data used';
    const said = { summary: 'cleaned', ...counts };
    expect(whatItDid(outcome(said, GIB, GIB), target, promised)).toBe(
      `cleaned; ${words} 1 GiB before and after: nothing changed`,
    );
    expect(whatItDid(outcome(said, GIB, GIB + 1024), target, promised)).toBe(
      `cleaned; ${words} 1 GiB before and 1 KiB more after: nothing was freed`,
    );
  });
});
