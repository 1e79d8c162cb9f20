import type { DecisionInput, Facts, Pause, Policy } from '../../decision/decision.ts';
import { type FactAnswer, factsFrom, questionOf, scopeText } from '../../decision/fact-question.ts';
import type { Cache } from './cache.ts';
import { answerOf, type FactReads, sqlFactReads } from './facts.ts';
import type { Sql } from './statements.ts';

/** What the store answered to a question, and what followed from it last. */
interface Answered {
  readonly answer: FactAnswer;
  last: { readonly now: number; readonly policy: Policy; readonly facts: Facts } | null;
}

/** Facts from what the cache holds; the same object where the same is asked at the same instant. */
export function cachedFacts(sql: Sql, cache: Cache, input: DecisionInput, except: string | null): Facts {
  const question = questionOf(input, except);
  if (question === null) return factsFrom(input, cachedPauses(sql, cache), null);
  const answered = cache.of(
    question,
    (): Answered => ({ answer: answerOf(cachedFactReads(sql, cache), question), last: null }),
  );
  const { now, policy } = input;
  if (answered.last?.now !== now || answered.last.policy !== policy) {
    answered.last = { now, policy, facts: factsFrom(input, cachedPauses(sql, cache), answered.answer) };
  }
  return answered.last.facts;
}

/** All that are set, ended or not. */
export function cachedPauses(sql: Sql, cache: Cache): readonly Pause[] {
  return cache.get('pauses', () => sqlFactReads(sql).pauses());
}

/** The same questions, answered from the cache where nothing was written since. */
function cachedFactReads(sql: Sql, cache: Cache): FactReads {
  const from = sqlFactReads(sql);
  return {
    pauses: () => cachedPauses(sql, cache),
    unfinished: (scope, except) =>
      cache.get(`unfinished ${except} ${scopeText(scope)}`, () => from.unfinished(scope, except)),
    runs: (scope, countsAs, limit, except) =>
      cache.get(`runs ${countsAs} ${limit} ${except} ${scopeText(scope)}`, () =>
        from.runs(scope, countsAs, limit, except),
      ),
    allRuns: (countsAs, limit, except) =>
      cache.get(`all ${countsAs} ${limit} ${except}`, () => from.allRuns(countsAs, limit, except)),
    hosts: (playbook, countsAs, since, except) =>
      cache.get(`hosts ${countsAs} ${since} ${except} ${JSON.stringify(playbook)}`, () =>
        from.hosts(playbook, countsAs, since, except),
      ),
    stopped: (target, except) => cache.get(`stopped ${except} ${target}`, () => from.stopped(target, except)),
    settling: (target, except) => cache.get(`settling ${except} ${target}`, () => from.settling(target, except)),
    judged: (forecaster) => cache.get(`judged ${JSON.stringify(forecaster)}`, () => from.judged(forecaster)),
  };
}
