import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblems } from '../../src/config/problem.ts';
import { tempDir } from '../support/temp.ts';

function load(web: object) {
  const file = join(tempDir(), 'forestall.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ web, store: 'sqlite:x.db' }));
  writeFileSync(join(dirname(file), 'action-mapping.json'), JSON.stringify({ mappings: [] }));
  writeFileSync(join(dirname(file), 'token'), 'from-a-file\n');
  return loadConfig({ file, env: {}, home: '/nonexistent' });
}

const problems = (web: object): string => {
  const loaded = load(web);
  return loaded.ok ? '' : formatProblems(loaded.problems);
};
const token = (changes: object = {}) => ({ name: 'ann', role: 'operate', token: 'secret-of-ann', ...changes });

test('tokens are read in place and from files, and do not show', () => {
  const { token: _in, ...fromFile } = token({ name: 'am', role: 'webhook', token_file: 'token' }) as any;
  const loaded = load({ listen: '0.0.0.0:0', tokens: [token(), fromFile] });
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
  const { tokens } = loaded.config.web;
  expect(tokens.map(({ name, role, token: secret }) => [name, role, secret.reveal()])).toEqual([
    ['ann', 'operate', 'secret-of-ann'],
    ['am', 'webhook', 'from-a-file'],
  ]);
  expect(`${inspect(loaded, { depth: 9 })} ${JSON.stringify(loaded)}`).not.toMatch(/secret-of-ann|from-a-file/);
});

test.each<[string, object, RegExp]>([
  ['a name twice', { tokens: [token(), token({ token: 'another' })] }, /tokens\[1\]\.name: found "ann" a second time/],
  ['a value twice', { tokens: [token(), token({ name: 'bob' })] }, /tokens\[1\]\.token: is the same as/],
  [
    'the value of the bearer token',
    { bearer_token: 'secret-of-ann', tokens: [token()] },
    /tokens\[0\]\.token: is the same/,
  ],
  ['the name of the bearer token', { tokens: [token({ name: 'default' })] }, /tokens\[0\]\.name: found "default"/],
  ['a name like that of the command line', { tokens: [token({ name: 'cli:root' })] }, /tokens\[0\]\.name: found/],
  ['another role', { tokens: [token({ role: 'admin' })] }, /tokens\[0\]\.role: .*webhook, read or operate/],
  [
    'no value',
    { tokens: [token({ token: undefined })] },
    /tokens\[0\]\.token_file: missing, expected token_file or token/,
  ],
  [
    'two values',
    { tokens: [token({ token_file: 'token' })] },
    /tokens\[0\]\.token_file: found both token and token_file/,
  ],
  ['a file that is not there', { tokens: [token({ token: undefined, token_file: 'gone' })] }, /there is no such file/],
  ['a value with a blank', { tokens: [token({ token: 'se cret' })] }, /tokens\[0\]\.token: found something else/],
  ['an empty value', { tokens: [token({ token: '' })] }, /tokens\[0\]\.token/],
  ['no tokens for others', { listen: '0.0.0.0:0', tokens: [] }, /web\.listen: .*no token/],
])('%s is refused', (_name, web, says) => {
  expect(problems(web)).toMatch(says);
  expect(problems(web)).not.toMatch(/secret-of-ann|se cret/);
});
