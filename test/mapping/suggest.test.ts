import { expect, it } from 'vitest';
import { nearest } from '../../src/mapping/suggest.ts';

const words = ['dry_run', 'dry_run_timeout', 'run', 'timeout', 'version', 'env'];

it.each([
  ['timeuot', 'timeout'],
  ['dryrun', 'dry_run'],
  ['dry-run', 'dry_run'],
  ['Version', 'version'],
  ['en', 'env'],
  ['dry_run_timout', 'dry_run_timeout'],
  ['completely_else', null],
  ['', null],
])('%s: %s', (word, meant) => {
  expect(nearest(word, words)).toBe(meant);
});
