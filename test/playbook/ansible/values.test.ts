import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extraVariables, unsafeForAnsible } from '../../../src/playbook/ansible/values.ts';
import { placeholderValues } from '../../../src/playbook/arguments.ts';
import { unsafeValue } from '../../../src/playbook/unsafe-value.ts';
import { ansiblePlaybook } from '../../support/ansible.ts';
import { permittingPrediction } from '../../support/decision.ts';

type Changes = Parameters<typeof permittingPrediction>[0];

const playbook = (extra_vars: Record<string, string | number | boolean> = {}) =>
  ansiblePlaybook({ playbook: '/srv/play.yml', inventory: '/srv/hosts.yml', extra_vars });
const refusal = (changes: Changes, extra_vars = {}) =>
  unsafeValue(playbook(extra_vars), permittingPrediction(changes), {});

describe('a host', () => {
  it.each(['web1', 'db1.example.org', 'a_b-c', '10.0.0.7', 'X'])('%s is taken', (host) => {
    expect(refusal({ host })).toBeNull();
  });

  it.each([
    '*',
    'web*',
    'a:b',
    'a,b',
    '!web1',
    '&web1',
    '~web.*',
    '@hosts',
    'web[0]',
    'web[1:3]',
    '-v',
    'web1 web2',
    '../hosts',
    '::1',
    'web1.',
    '{{ inventory_hostname }}',
    'wéb',
  ])('that could be a pattern is refused: %s', (host) => {
    expect(refusal({ host })).toBe(`host "${host}" could be a pattern of Ansible, not the name of one host`);
  });

  it('that is everybody, or nobody, is refused', () => {
    expect(refusal({ host: 'all' })).toBe('host "all" is a group of Ansible, not one host');
    expect(refusal({ host: 'ungrouped' })).toBe('host "ungrouped" is a group of Ansible, not one host');
    expect(refusal({ host: null })).toBe('the prediction has no host, and a play needs one');
  });
});

describe('a template', () => {
  it.each([
    ['resource', { resource: "{{ lookup('pipe', 'touch /tmp/x') }}" }],
    ['resource', { resource: '/srv/{% set x %}' }],
    ['prediction_type', { prediction_type: 'a{#b' }],
    ['label "note"', { labels: { note: 'a {{ b' } }],
    ['the name of label', { labels: { 'a{{b': 'x' } }],
  ] as const)('in %s is refused, whatever the play uses', (what, changes) => {
    expect(refusal(changes)).toMatch(new RegExp(`^${what} ".*" holds what Ansible would read as a template$`));
  });

  it('is none in single braces, and none for a program', () => {
    expect(refusal({ resource: '/srv/{a}/%b' })).toBeNull();
    const program = { ...playbook(), ansible: null, run: ['/bin/true'], dry_run: ['/bin/true'] };
    expect(unsafeValue(program, permittingPrediction({ resource: '{{ x }}' }), {})).toBeNull();
  });
});

describe('extra variables', () => {
  const values = (changes: Changes, parameters = {}) =>
    placeholderValues('fleet', permittingPrediction(changes), parameters);

  it('are texts marked as such, and what the configuration says of other kinds', () => {
    const { ansible } = playbook({ path: '{resource}', note: 'on {host}', days: 7, force: false });
    expect(extraVariables(ansible!, values({ resource: '/srv', host: 'web1' }))).toEqual({
      ok: true,
      document: {
        path: { __ansible_unsafe: '/srv' },
        note: { __ansible_unsafe: 'on web1' },
        days: 7,
        force: false,
      },
    });
  });

  it.each([
    [{ a: '{label.gone}' }, /extra_vars\.a: .*\{label\.gone\} has no value/],
    [{ a: '{recource}' }, /extra_vars\.a: .*unknown placeholder \{recource\}/],
  ])('that cannot be made are refused: %j', (extra_vars, says) => {
    expect(refusal({}, extra_vars)).toMatch(says);
  });

  it('carry any text as it is, as nothing but a value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (resource) => {
        const { ansible } = playbook({ path: '{resource}' });
        const read = extraVariables(ansible!, values({ resource }));
        if (!read.ok) return;
        const document = JSON.parse(JSON.stringify(read.document));
        expect(document).toEqual({ path: { __ansible_unsafe: resource.toWellFormed() } });
      }),
    );
  });

  it('whatever is let through, no argument but the path and the host is one of Ansible', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'ab-.*:!~@{}%#[],&1') }));
    fc.assert(
      fc.property(text, text, text, (host, resource, label) => {
        const prediction = permittingPrediction({ host, resource, labels: { label } });
        const { ansible } = playbook({ a: '{resource}' });
        const map = placeholderValues('fleet', prediction, {});
        if (unsafeForAnsible(ansible!, prediction, map) !== null) return;
        expect(host).toMatch(/^[\w.-]+$/);
        expect(host).not.toMatch(/^[-.]|^all$/);
        expect(`${resource}\n${label}`).not.toMatch(/\{[{%#]/);
      }),
      { numRuns: 2000 },
    );
  });
});
