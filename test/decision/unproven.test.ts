import { expect, test } from 'vitest';
import { explain } from '../../src/decision/decide.ts';
import { permittingFacts, permittingInput, permittingPolicy } from '../support/decision.ts';

const asked = (
  proof: { scored: number; came_true: number } | null,
  changes: Parameters<typeof permittingInput>[0] = {},
) => explain(permittingInput(changes), permittingFacts({ proof })).gates.find(({ gate }) => gate === 'unproven')!;

const demanding = (min_precision: number, min_scored: number) => ({
  policy: permittingPolicy({ proof: { min_precision, min_scored } }),
});

test.each([
  ['nothing is known', null, 'skip', /are not scored$/],
  ['one too few are known, all wrong', { scored: 19, came_true: 0 }, 'skip', /^19 forecasts of .* 20 are needed/],
  ['enough are known and as many true as asked', { scored: 20, came_true: 14 }, 'pass', /14 of 20 .* 0\.7 >= 0\.7$/],
  ['one fewer is true', { scored: 20, came_true: 13 }, 'stop', /13 of 20 .* 0\.65 < 0\.7$/],
  ['none is true', { scored: 500, came_true: 0 }, 'stop', /0 < 0\.7$/],
  ['what is counted is no number', { scored: 20, came_true: Number.NaN }, 'stop', /NaN < 0\.7$/],
] as const)('%s', (_what, proof, outcome, message) => {
  expect(asked(proof)).toMatchObject({ outcome, message: expect.stringMatching(message) });
});

test('it compares with what is configured; 0 asks for nothing; a dry run that was asked for is refused too', () => {
  expect(asked({ scored: 5, came_true: 4 }, demanding(0.9, 5)).outcome).toBe('stop');
  expect(asked({ scored: 5, came_true: 5 }, demanding(0.9, 5)).outcome).toBe('pass');
  expect(asked({ scored: 50, came_true: 0 }, demanding(0, 5)).outcome).toBe('pass');
  expect(asked({ scored: 20, came_true: 0 }, { mode: 'dry-run' }).outcome).toBe('stop');
});
