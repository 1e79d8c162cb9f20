import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlaybookConfig } from '../../src/config/config.ts';
import { placeholderProblem, placeholderValues, substitute } from '../../src/playbook/arguments.ts';
import { unsafeValue } from '../../src/playbook/unsafe-value.ts';
import { permittingPrediction } from '../support/decision.ts';

const playbook = (...args: string[]): PlaybookConfig => ({
  name: 'disk-cleanup',
  version: '1',
  ansible: null,
  max_parallel: null,
  run: ['/bin/true', ...args],
  dry_run: ['/bin/true', ...args, '--dry-run'],
  timeout: 1000,
  dry_run_timeout: 1000,
  max_downtime: null,
  sha256: null,
  env: {},
});

const values = placeholderValues('disk-cleanup', permittingPrediction({ labels: { 'a.b': 'label', empty: '' } }), {
  days: '7',
});

describe('substitute', () => {
  it('replaces every placeholder of the contract inside single arguments', () => {
    const argv = [
      '/bin/p',
      '{playbook}:{resource}',
      'h={host}',
      '{prediction_type}',
      '{days_until_critical}',
      '{label.a.b}',
      '{parameter.days}',
    ];
    expect(substitute(argv, values)).toEqual({
      ok: true,
      argv: ['/bin/p', 'disk-cleanup:/srv', 'h=nas', 'disk_exhaustion', '8.2', 'label', '7'],
    });
  });

  it('never changes the program (fault 5)', () => {
    expect(substitute(['/bin/{resource}'], values)).toEqual({ ok: true, argv: ['/bin/{resource}'] });
  });

  it('leaves other braces alone', () => {
    expect(substitute(['p', '{{.ID}}', '{ print $1 }', '{}', '{"a":1}'], values)).toMatchObject({
      argv: ['p', '{{.ID}}', '{ print $1 }', '{}', '{"a":1}'],
    });
  });

  it.each(['{label.none}', '{label.empty}', '{parameter.none}', '{label.__proto__}', 'x{recource}y'])(
    'refuses %s without a value',
    (arg) => {
      expect(substitute(['p', arg], values)).toMatchObject({
        ok: false,
        problem: expect.stringContaining('has no value'),
      });
    },
  );

  it('expands once: a value that looks like a placeholder stays as it is', () => {
    const nested = placeholderValues(
      'p',
      permittingPrediction({ resource: '{host}{label.x}', labels: { x: '{resource}' } }),
      {},
    );
    expect(substitute(['p', 'a{resource}b', 'x={label.x}'], nested)).toEqual({
      ok: true,
      argv: ['p', 'a{host}{label.x}b', 'x={resource}'],
    });
  });

  it('hands any value over whole, as one argument, or refuses it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.constantFrom('', '--path=', 'a'),
        (resource, prefix) => {
          const result = substitute(['p', `${prefix}{resource}`, 'end'], new Map([['resource', resource]]));
          if (result.ok) expect(result.argv).toEqual(['p', `${prefix}${resource}`, 'end']);
          else expect((prefix === '' && resource.startsWith('-')) || resource.includes('\0')).toBe(true);
        },
      ),
    );
  });

  it('writes days as a plain decimal number', () => {
    const days = (n: number) =>
      placeholderValues('p', permittingPrediction({ days_until_critical: n }), {}).get('days_until_critical');
    expect([days(0), days(1e-7), days(8.25), days(400)]).toEqual(['0', '0.0000001', '8.25', '400']);
  });
});

describe('unsafeValue', () => {
  const ask = (changes: Parameters<typeof permittingPrediction>[0], ...args: string[]) =>
    unsafeValue(playbook(...args), permittingPrediction(changes), {});

  it('lets ordinary values pass', () => {
    expect(
      ask({ resource: '/srv/größe ☃', labels: { a: '$(rm -rf /) `x` ; \' "' } }, '{resource}', '{label.a}'),
    ).toBeNull();
  });

  it.each([
    ['a newline', 'a\nb'],
    ['NUL', 'a\0'],
    ['DEL', '\x7f'],
    ['a C1 control', '\x9b31m'],
    ['a line separator', 'a\u2028'],
    ['a paragraph separator', 'a\u2029'],
    ['a bidirectional override', '\u202egpj'],
    ['a bidirectional isolate', '\u2066x'],
    ['a right-to-left mark', 'x\u200f'],
    ['half a surrogate pair', 'x\ud800'],
    ['more than 1,024 characters', 'x'.repeat(1025)],
    ['more than 1,024 characters beyond the BMP', '😀'.repeat(1025)],
  ])('refuses %s in resource, host, type, label and label name, whatever the playbook uses', (_what, value) => {
    for (const changes of [
      { resource: value },
      { host: value },
      { prediction_type: value },
      { labels: { a: value } },
      { labels: { [value]: 'a' } },
    ]) {
      const problem = ask(changes);
      expect(problem).not.toBeNull();
      expect(problem).not.toMatch(/[\p{Cc}\u2028\u2029\p{Bidi_Control}]/u);
      expect(problem?.length).toBeLessThan(400);
    }
  });

  it('counts code points: 1,024 of them pass', () => {
    expect(ask({ resource: '😀'.repeat(1024) })).toBeNull();
    expect(ask({ resource: 'x'.repeat(1024) })).toBeNull();
  });

  it('refuses a value that would be read as an option, and only then (fault 3)', () => {
    expect(ask({ resource: '--now' }, '{resource}')).toContain('option');
    expect(ask({ resource: '-rf', labels: {} }, '{label.none}{resource}')).toContain('no value');
    expect(ask({ resource: '--now' }, '--path={resource}')).toBeNull();
    expect(ask({ resource: '--now' })).toBeNull();
  });

  it('refuses a placeholder without a value, in either phase', () => {
    expect(ask({ host: null }, '{host}')).toContain('{host} has no value');
    expect(ask({ days_until_critical: null }, '{days_until_critical}')).toContain('has no value');
    expect(
      unsafeValue({ ...playbook(), dry_run: ['/bin/true', '{host}'] }, permittingPrediction({ host: null }), {}),
    ).toContain('{host}');
  });

  it('never lets NUL pass in a parameter', () => {
    expect(unsafeValue(playbook('{parameter.a}'), permittingPrediction(), { a: 'x\0' })).toContain('NUL');
    expect(unsafeValue(playbook('{parameter.a}'), permittingPrediction(), { a: 'x\ny' })).toBeNull();
  });

  it('agrees with substitute: what it lets pass can be handed over, and holds no NUL', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), (resource, label) => {
        const prediction = permittingPrediction({ resource, labels: { a: label } });
        const config = playbook('{resource}', 'x{label.a}');
        if (unsafeValue(config, prediction, {}) !== null) return;
        const result = substitute(config.run, placeholderValues('p', prediction, {}));
        expect(result).toEqual({ ok: true, argv: ['/bin/true', resource, `x${label}`] });
        expect(resource + label).not.toContain('\0');
      }),
    );
  });
});

describe('placeholderProblem', () => {
  it('names unknown placeholders and what is known', () => {
    expect(placeholderProblem(['p', '{recource}'])).toMatch(
      /unknown placeholder \{recource\}; known are .*\{resource\}/,
    );
    expect(placeholderProblem(['{resource}'])).toContain('program');
    expect(placeholderProblem(['p', '{resource}', '{label.any}', '{parameter.any}', '{ x }'])).toBeNull();
  });
});
