import { expect, test } from 'vitest';
import { filesBelow, ROOT, readText } from '../support/source-text.ts';

/** Each with what to do instead. Patterns are written so that they do not find themselves. */
const NOT_HERE: readonly (readonly [what: string, pattern: RegExp, instead: string])[] = [
  [
    'the path of this checkout',
    new RegExp(`${ROOT.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`),
    'Use a relative path, or a temporary folder in tests.',
  ],
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE [K]EY/, 'Make one in the test that needs it.'],
  [
    'a real Discord webhook',
    /discord(?:app)?\.com\/api\/webhooks\/\d{17,20}\/[\w-]{60,}/,
    'Write an obviously false one.',
  ],
  [
    'an access token',
    /\b(?:gh[pousr]_\w{36}|AKIA[0-9A-Z]{16}|xox[bap]-\d{6,}-\w+|npm_\w{36})\b/,
    'Take secrets from a file.',
  ],
  [
    'the host of a package registry',
    /\bregistry\.[n]pmjs\.|\b[\w-]+\.[n]pmmirror\.|\/artifactory\/api\/[n]pm/,
    'The lock file needs no hosts.',
  ],
];

const texts = filesBelow('.')
  .map((file) => ({ file, text: readText(file) }))
  .filter(({ text }) => !text.includes('\u0000'));

test.each(NOT_HERE)('no file holds %s', (_what, pattern, instead) => {
  const found = texts.flatMap(({ file, text }) =>
    text.split('\n').flatMap((line, at) => (pattern.test(line) ? [`${file}:${at + 1}`] : [])),
  );
  expect(found, instead).toEqual([]);
});
