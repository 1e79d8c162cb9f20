import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addIssue, EMPTY_LOG } from '../../src/report/issues-text.ts';

const entry = { title: 'new', execution_id: 'exe-1' };
const added = { id: 'NEW', ...entry };
const add = (text: string) => addIssue(text, entry, () => 'NEW');

describe('addIssue', () => {
  it('lays the entry out as the file is: indented', () => {
    const text = '{\n  "total_issues": 1,\n  "issues": [\n    {\n      "id": "A"\n    }\n  ],\n  "x": 1\n}\n';
    expect(add(text)).toBe(
      '{\n  "total_issues": 2,\n  "issues": [\n    {\n      "id": "A"\n    },\n    {\n      "id": "NEW",\n' +
        '      "title": "new",\n      "execution_id": "exe-1"\n    }\n  ],\n  "x": 1\n}\n',
    );
  });

  it.each([
    ['four spaces', '    '],
    ['tabs', '\t'],
  ])('%s', (_name, indent) => {
    const text = JSON.stringify({ issues: [{ id: 'A' }], z: [1] }, null, indent);
    expect(add(text)).toBe(JSON.stringify({ issues: [{ id: 'A' }, added], z: [1] }, null, indent));
  });

  it('an empty list, indented', () => {
    expect(add(EMPTY_LOG)).toBe(`${JSON.stringify({ issues: [added] }, null, 2)}\n`);
    expect(add('{\n\t"issues": [\n\t]\n}')).toBe(JSON.stringify({ issues: [added] }, null, '\t'));
  });

  it('on one line', () => {
    expect(add('{"issues":[],"a":1}')).toBe(JSON.stringify({ issues: [added], a: 1 }));
    expect(add('{"a":1,"issues":[{"id":1}]}')).toBe(JSON.stringify({ a: 1, issues: [{ id: 1 }, added] }));
  });

  it('with Windows line ends', () => {
    const text = JSON.stringify({ issues: [{ id: 'A' }] }, null, 2).replaceAll('\n', '\r\n');
    expect(add(text)).toBe(JSON.stringify({ issues: [{ id: 'A' }, added] }, null, 2).replaceAll('\n', '\r\n'));
  });

  it('keeps what JSON.parse and stringify would change', () => {
    const text =
      '\ufeff{ "9":1.0, "1":12345678901234567890, "a":1e999, "d":1, "d":2, "__proto__":{"x":1},\n "issues" : [ {"id":"\\u0041"} ] , "e":"\\/é"}';
    const result = add(text)!;
    expect(result.replace(/,\{"id":"NEW"[^}]*\}/, '')).toBe(text);
    expect(JSON.parse(result.slice(1)).issues).toEqual([{ id: 'A' }, added]);
  });

  it('keeps a wrong total true, and leaves a total alone that is no number', () => {
    expect(JSON.parse(add('{"total_issues": 77, "issues": [1,2]}')!).total_issues).toBe(3);
    expect(JSON.parse(add('{"total_issues": "many", "issues": []}')!).total_issues).toBe('many');
  });

  it('looks at the list of the document, not at one inside of it', () => {
    const text = '{"old":{"issues":[1],"total_issues":9},"s":"\\"issues\\":[\\\\","issues":[]}';
    expect(JSON.parse(add(text)!)).toEqual({
      old: { issues: [1], total_issues: 9 },
      s: '"issues":[\\',
      issues: [added],
    });
  });

  it('adds an execution once', () => {
    expect(add(add(EMPTY_LOG)!)).toBeNull();
  });

  it('hands over the ids that are taken', () => {
    let taken: ReadonlySet<unknown> = new Set();
    addIssue('{"issues":[{"id":"A"},{"id":"B"},3,null]}', entry, (ids) => {
      taken = ids;
      return 'C';
    });
    expect([...taken].filter((id) => id !== undefined)).toEqual(['A', 'B']);
  });

  it.each([
    ['nothing', ''],
    ['cut off', '{"issues":[{"id":'],
    ['a trailing comma', '{"issues":[],}'],
    ['two documents', '{"issues":[]}{"issues":[]}'],
    ['no list', '{"issues":{}}'],
    ['no issues', '{}'],
    ['a bare list', '[]'],
    ['null', 'null'],
    ['two lists', '{"issues":[1],"issues":[]}'],
  ])('refuses %s', (_name, text) => {
    expect(() => add(text)).toThrow(/left alone/);
  });

  it('adds exactly one entry to any document and changes nothing else', () => {
    const document = fc.record({
      before: fc.jsonValue(),
      issues: fc.array(fc.jsonValue()),
      after: fc.jsonValue(),
      total_issues: fc.option(fc.nat(), { nil: undefined }),
    });
    fc.assert(
      fc.property(document, fc.constantFrom(0, 1, 2, 8, '\t', '  '), (original, indent) => {
        const text = JSON.stringify(original, null, indent);
        const expected = JSON.parse(text) as Record<string, unknown> & { issues: unknown[] };
        expected.issues.push(added);
        if ('total_issues' in expected) expected['total_issues'] = expected.issues.length;
        expect(JSON.parse(add(text)!)).toEqual(expected);
        expect(add(text)).toBe(JSON.stringify(expected, null, indent));
      }),
      { numRuns: 300 },
    );
  });
});
