import { describe } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { answers } from './contract/answers.ts';
import { blastRadius } from './contract/blast-radius.ts';
import { claims } from './contract/claims.ts';
import { counting } from './contract/counting.ts';
import { decisions } from './contract/decisions.ts';
import { endedPauses } from './contract/ended-pauses.ts';
import { executions } from './contract/executions.ts';
import { limitsModel } from './contract/limits-model.ts';
import { outcomes } from './contract/outcomes.ts';
import { past } from './contract/past.ts';
import { pausesAndReports } from './contract/pauses-and-reports.ts';
import { retention } from './contract/retention.ts';
import { samplesAndForecasts } from './contract/samples.ts';
import { scores } from './contract/scores.ts';
import { valuesContract } from './contract/values.ts';

/** A store that is empty at first; each call of `open` is another process's view of it. Closed after the test. */
export interface TestStore {
  open(options?: { readonly now?: () => number }): Promise<Ledger>;
}

/** What every engine of the ledger has to do. `newStore` makes an empty store for one test. */
export function ledgerContract(name: string, newStore: () => TestStore): void {
  describe(`the ledger on ${name}`, () => {
    describe('claims', () => claims(newStore));
    describe('decisions', () => decisions(newStore));
    describe('counters and repeats', () => counting(newStore));
    describe('executions', () => executions(newStore));
    describe('answers', () => answers(newStore));
    describe('outcomes', () => outcomes(newStore));
    describe('ended pauses', () => endedPauses(newStore));
    describe('pauses and reports', () => pausesAndReports(newStore));
    describe('samples and forecasts', () => samplesAndForecasts(newStore));
    describe('scores', () => scores(newStore));
    describe('values', () => valuesContract(newStore));
    describe('blast radius', () => blastRadius(newStore));
    describe('limits', () => limitsModel(newStore));
    describe('the past', () => past(newStore));
    describe('retention', () => retention(newStore));
  });
}
