import type { DecisionInput, Facts, PastRun, Pause, TouchedHost } from '../../decision/decision.ts';
import {
  type FactAnswer,
  type FactQuestion,
  factsFrom,
  type JudgedForecast,
  questionOf,
  runState,
} from '../../decision/fact-question.ts';
import type { LimitScope } from '../../mapping/mapping.ts';
import type { Query } from './query.ts';

/** Texts of any length are found by this: an index holds nothing longer than some 2,700 bytes. */
export const sameText = (column: string, other: string): string =>
  `hashtextextended(${column}, 0) = hashtextextended(${other}, 0) AND ${column} = ${other}`;

/** Runs of a resource on its host, in the order of their starts; a resource such as `/` is one of every host. */
export const ranOn = (alias: string, resource: string, host: string): string =>
  `hashtextextended(${alias}.resource || coalesce('=' || ${alias}.host, ''), 0)
     = hashtextextended(${resource}::text || coalesce('=' || ${host}::text, ''), 0)
   AND ${alias}.resource = ${resource} AND ${alias}.host IS NOT DISTINCT FROM ${host}::text AND ${alias}.started_at IS NOT NULL`;

interface Narrowed {
  readonly where: string;
  readonly order: number;
}

/** Hosts that are none are equal, and none of those that are. */
const HOST = `coalesce('=' || e.host, '')`;
const ASKED_HOST = `coalesce('=' || q.value, '')`;

/** What narrows a scope; each has an index of its own, with a key, an order and, of what is unfinished, a predicate of its own. */
const UNFINISHED: Readonly<Record<LimitScope, Narrowed>> = {
  playbook: { where: 'e.finished_at IS NULL AND e.playbook = q.playbook', order: 1 },
  resource: {
    where: `coalesce(e.finished_at, 2) = 2 AND ${sameText(`(e.playbook || ' ' || e.resource)`, `(q.playbook || ' ' || q.value)`)}`,
    order: 2,
  },
  host: {
    where: `coalesce(e.finished_at, 3) = 3 AND ${sameText(`(e.playbook || ' ' || ${HOST})`, `(q.playbook || ' ' || ${ASKED_HOST})`)}`,
    order: 3,
  },
};
const SO_COUNTED = `(e.counts_as || ' ' || e.playbook || ' ' || `;
const SO_ASKED = `(q.counts_as || ' ' || q.playbook || ' ' || `;
const RUNS: Readonly<Record<LimitScope, Narrowed>> = {
  playbook: { where: 'e.playbook = q.playbook AND e.counts_as = q.counts_as', order: 1 },
  resource: {
    where: `e.counts_as IS NOT NULL AND ${sameText(`${SO_COUNTED} e.resource)`, `${SO_ASKED} q.value)`)}`,
    order: 2,
  },
  host: {
    where: `e.counts_as IS NOT NULL AND ${sameText(`${SO_COUNTED} ${HOST})`, `${SO_ASKED} ${ASKED_HOST})`)}`,
    order: 3,
  },
};

const byScope = (scopes: Readonly<Record<LimitScope, Narrowed>>, select: (scope: Narrowed) => string): string =>
  `CASE q.by
      WHEN 'playbook' THEN (${select(scopes.playbook)})
      WHEN 'resource' THEN (${select(scopes.resource)})
      ELSE (${select(scopes.host)}) END`;

const NOT_EXCEPTED = 'e.id IS DISTINCT FROM q.left_out';

const FACTS = `SELECT
    ${byScope(
      UNFINISHED,
      ({ where, order }) => `SELECT json_build_array(e.id, e.state, e.claimed_at) FROM executions AS e
        WHERE ${where} AND ${NOT_EXCEPTED} ORDER BY e.seq + ${order} LIMIT 1`,
    )} AS unfinished,
    ${byScope(
      RUNS,
      ({ where, order }) => `SELECT json_agg(json_build_array(r.counted_at, r.state, r.outcome)) FROM (
          SELECT e.counted_at, e.state, e.outcome FROM executions AS e
          WHERE ${where} AND ${NOT_EXCEPTED}
          ORDER BY e.counted_at + ${order} DESC LIMIT q.runs) AS r`,
    )} AS runs,
    (SELECT json_agg(r.counted_at) FROM (
       SELECT e.counted_at FROM executions AS e
       WHERE e.counts_as = q.counts_as AND ${NOT_EXCEPTED} ORDER BY e.counted_at DESC LIMIT q.all_runs) AS r) AS all_runs,
    (SELECT json_build_array(e.state, e.finished_at) FROM executions AS e
     WHERE ${sameText('e.target', 'q.target')} AND e.mode = 'live'
       AND e.state IN ('rejected', 'dry_run_failed', 'nothing_to_do') AND ${NOT_EXCEPTED}
     ORDER BY e.finished_at + 1 DESC LIMIT 1) AS stopped,
    CASE WHEN q.settling THEN (
      SELECT json_build_array(e.id, e.finished_at, e.verify_at) FROM executions AS e
      WHERE ${sameText('e.target', 'q.target')} AND e.verify_at IS NOT NULL AND e.outcome IS NULL AND ${NOT_EXCEPTED}
      ORDER BY e.verify_at + 1 DESC LIMIT 1) END AS settling
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::boolean[], $9::text[])
    WITH ORDINALITY AS q (playbook, by, value, target, counts_as, runs, all_runs, settling, left_out, place)
  ORDER BY q.place`;

interface FactRow {
  readonly unfinished: readonly [string, string, number] | null;
  readonly runs: readonly (readonly [number, string, string | null])[] | null;
  readonly all_runs: readonly number[] | null;
  readonly stopped: readonly [string, number] | null;
  readonly settling: readonly [string, number, number] | null;
}

/** What the facts of many inputs are made of, by as many statements as for one; null where nothing was asked. */
export async function answersTo(
  query: Query,
  questions: readonly (FactQuestion | null)[],
): Promise<readonly (FactAnswer | null)[]> {
  const asked = questions.filter((question) => question !== null);
  if (asked.length === 0) return questions.map(() => null);
  const rows = await query<FactRow>(FACTS, [
    asked.map(({ scope }) => scope.playbook),
    asked.map(({ scope }) => scope.by),
    asked.map(({ scope }) => scope.value),
    asked.map(({ target }) => target),
    asked.map(({ counts_as }) => counts_as),
    asked.map(({ runs }) => runs),
    asked.map(({ all_runs }) => Math.max(0, all_runs)),
    asked.map(({ settling }) => settling),
    asked.map(({ except }) => except),
  ]);
  const hosts = await hostsFor(query, asked);
  const judged = await judgedFor(query, asked);
  let at = 0;
  return questions.map((question) =>
    question === null ? null : { ...answerFrom(rows[at++]!), hosts: hosts(question), judged: judged(question) },
  );
}

function answerFrom({ unfinished, runs, all_runs, stopped, settling }: FactRow): Omit<FactAnswer, 'hosts' | 'judged'> {
  return {
    unfinished:
      unfinished === null ? null : { execution_id: unfinished[0], state: unfinished[1], claimed_at: unfinished[2] },
    runs: (runs ?? []).map(
      ([started_at, state, outcome]): PastRun => ({ started_at, state: runState(state, outcome) }),
    ),
    all_runs: all_runs ?? [],
    stopped: stopped === null ? null : { state: stopped[0], at: stopped[1] },
    settling: settling === null ? null : { execution_id: settling[0], ended_at: settling[1], verify_at: settling[2] },
  };
}

/** Asks once what many questions ask alike. `keyOf`: null where nothing is asked. */
async function shared<Key, Row extends { readonly place: number }, Answer>(
  questions: readonly FactQuestion[],
  keyOf: (question: FactQuestion) => Key | null,
  ask: (keys: readonly Key[]) => Promise<readonly Row[]>,
  toAnswer: (row: Row) => Answer,
): Promise<(question: FactQuestion) => readonly Answer[]> {
  const places = new Map<string, number>();
  const keys: Key[] = [];
  for (const question of questions) {
    const key = keyOf(question);
    if (key === null || places.has(JSON.stringify(key))) continue;
    places.set(JSON.stringify(key), keys.push(key));
  }
  const answers = new Map<number, Answer[]>();
  for (const row of keys.length === 0 ? [] : await ask(keys)) {
    const known = answers.get(row.place);
    if (known === undefined) answers.set(row.place, [toAnswer(row)]);
    else known.push(toAnswer(row));
  }
  return (question) => answers.get(places.get(JSON.stringify(keyOf(question))) ?? 0) ?? [];
}

/** Of a playbook: runs since an instant, and live claims that have not begun. */
function hostsFor(query: Query, questions: readonly FactQuestion[]) {
  return shared(
    questions,
    ({ scope, counts_as, hosts_since, except }) =>
      hosts_since === null ? null : ([scope.playbook, counts_as, hosts_since, except] as const),
    (keys) =>
      query<TouchedHost & { place: number }>(
        `SELECT q.place, h.host, h.at
         FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
           WITH ORDINALITY AS q (playbook, counts_as, since, left_out, place), LATERAL (
             SELECT e.host, max(e.counted_at) AS at FROM executions AS e
             WHERE e.playbook = q.playbook AND e.counts_as = q.counts_as AND e.counted_at + 1 > q.since AND ${NOT_EXCEPTED}
             GROUP BY e.host
             UNION ALL
             SELECT e.host, NULL FROM executions AS e
             WHERE e.finished_at IS NULL AND e.playbook = q.playbook AND e.mode = 'live' AND e.counts_as IS NULL
               AND ${NOT_EXCEPTED}
           ) AS h`,
        [0, 1, 2, 3].map((part) => keys.map((key) => key[part]!)),
      ),
    ({ host, at }): TouchedHost => ({ host, at }),
  );
}

/** Those whose window closed last. */
function judgedFor(query: Query, questions: readonly FactQuestion[]) {
  return shared(
    questions,
    ({ forecaster }) => forecaster,
    (keys) =>
      query<JudgedForecast & { place: number }>(
        `SELECT q.place, j.closes_at, j.fate = 'came_true' AS came_true
         FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS q (source, prediction_type, most, place), LATERAL (
           SELECT s.closes_at, s.fate FROM scores AS s
           WHERE ${sameText('s.source', 'q.source')} AND ${sameText('s.prediction_type', 'q.prediction_type')}
             AND s.actionable AND s.fate IN ('came_true', 'did_not')
           ORDER BY s.closes_at + 1 DESC LIMIT q.most
         ) AS j ORDER BY q.place, j.closes_at DESC`,
        [
          keys.map(({ source }) => source),
          keys.map(({ prediction_type }) => prediction_type),
          keys.map(({ most }) => most),
        ],
      ),
    ({ closes_at, came_true }): JudgedForecast => ({ closes_at, came_true }),
  );
}

/** All that are set, ended or not. */
export async function allPauses(query: Query): Promise<readonly Pause[]> {
  return await query<Pause>('SELECT name, reason, since, until FROM pauses ORDER BY since, name');
}

export interface Asked {
  readonly input: DecisionInput;
  readonly except: string | null;
}

export async function gatherFacts(query: Query, asked: readonly Asked[]): Promise<readonly Facts[]> {
  const pauses = await allPauses(query);
  const answers = await answersTo(
    query,
    asked.map(({ input, except }) => questionOf(input, except)),
  );
  return asked.map(({ input }, at) => factsFrom(input, pauses, answers[at]!));
}
