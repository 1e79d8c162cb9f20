import { describe, expect, it } from 'vitest';
import { GATES } from '../../src/decision/decide.ts';
import { VERDICT_OF } from '../../src/decision/reason.ts';
import { readText } from '../support/source-text.ts';

const text = readText('docs/decisions.md');
const picture = readText('docs/images/decision.svg');

/** Rows `| # | \`code\` | verdict | stops when | what opens it again |`, in their order. */
const rows = text
  .split('\n')
  .filter((line) => /^\| \d+ \| `/.test(line))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
  .map(([, number, code, verdict, when, opens]) => ({ number, code: code!.replaceAll('`', ''), verdict, when, opens }));

describe('docs/decisions.md', () => {
  it('has the gates in the order in which they are asked, numbered', () => {
    expect(rows.map(({ code }) => code)).toEqual(GATES.map(({ reason }) => reason));
    expect(rows.map(({ number }) => Number(number))).toEqual(GATES.map((_gate, at) => at + 1));
  });

  it('says the verdict of each reason, and there is no other reason', () => {
    expect(Object.fromEntries([...rows.map(({ code, verdict }) => [code, verdict]), ['approved', 'approved']])).toEqual(
      VERDICT_OF,
    );
  });

  it('says of each when it stops and what opens it again', () => {
    for (const { code, when, opens } of rows) {
      expect(when?.length, code).toBeGreaterThan(10);
      expect(opens?.length, code).toBeGreaterThan(3);
    }
  });

  it('has a picture with every reason in it, in their order', () => {
    const codes = Object.keys(VERDICT_OF);
    const drawn = [...picture.matchAll(/>([a-z_]+)</g)].flatMap(([, word]) => (codes.includes(word!) ? [word!] : []));
    expect(drawn).toEqual(codes);
  });
});
