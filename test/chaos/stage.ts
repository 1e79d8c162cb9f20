import { expect } from 'vitest';
import { type History, problemsOf } from '../e2e/history-checker.ts';
import type { PostgresServer } from '../support/postgres.ts';
import { alertBody } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { type People, startPeople, waitsOf } from './people.ts';
import { DAILY, makeReplicas, OFTEN, RARELY, RESOURCES, type Replica } from './replicas.ts';
import { deliver, type Pair, type Sent, startPair } from './senders.ts';
import { watchForStalls } from './stalls.ts';
import { openStore, type Store } from './witness.ts';

/** Longer than this nothing may stand still, milliseconds: who says nothing for ten seconds is taken for dead. */
const LONGEST_STALL = 4_000;

export interface Staged extends History {
  /** For how long the machine itself stood still at most, milliseconds. */
  readonly stood: number;
}

/** Replicas on one store, the pair that posts to all of them, and everybody who can say what happened. */
export interface Stage {
  readonly replicas: readonly Replica[];
  readonly pair: Pair;
  readonly store: Store;
  readonly people: People;
  /** Delivers the alert about a resource; kept for the history. */
  post(replica: Replica, resource: string, patience?: number): Promise<Sent>;
  /** Everything that was delivered. */
  sent(): readonly Sent[];
  /** Lets every alert be over, waits until nothing is under way, and stops all; the history of it. */
  settle(): Promise<Staged>;
}

/** `cooldown`: milliseconds, of every scope. */
export async function openStage(server: PostgresServer, count: number, cooldown: number): Promise<Stage> {
  const stalls = watchForStalls();
  const people = await startPeople();
  const { all: replicas, database, records } = await makeReplicas(server, { count, cooldown, discord: people.url });
  people.know(replicas);
  await Promise.all(replicas.map((replica) => replica.start()));
  const store = await openStore(server, database);
  await store.watch();
  const pair = await startPair(replicas);
  const own: Sent[] = [];
  const stage: Stage = {
    replicas,
    pair,
    store,
    people,
    async post(replica, resource, patience) {
      const sent = await deliver(replica, JSON.stringify(alertBody({ resource })), 'test', patience);
      own.push(sent);
      return sent;
    },
    sent: () => [...own, ...pair.sent],
    async settle() {
      await pair.stop();
      for (const [at, resource] of RESOURCES.entries()) {
        const body = JSON.stringify(alertBody({ resource }, { status: 'resolved' }));
        const accepted = async () => (await deliver(replicas[at % replicas.length]!, body, 'test')).status === 200;
        await eventually(accepted, { timeout: 30_000, interval: 500 });
      }
      await eventually(
        async () => {
          const left = await store.unsettled();
          if (Object.values(left).some((number) => number > 0)) throw new Error(`still ${JSON.stringify(left)}`);
          return true;
        },
        // What a sender had taken when it died is told by another one after a minute.
        { timeout: 150_000, interval: 250 },
      );
      const codes = await Promise.all(replicas.map((replica) => replica.stop()));
      expect(codes).toEqual(replicas.map(() => 0));
      const witness = await store.witness();
      await store.close();
      stalls.stop();
      return {
        ...witness,
        stood: stalls.longest(),
        deliveries: stage.sent(),
        records: records(),
        cooldown,
        limits: [
          { ...OFTEN, within: 'scope', playbook: 'often' },
          { ...RARELY, within: 'scope', playbook: 'rarely' },
          { ...DAILY, within: 'all' },
        ],
        told: people.told,
        outages: replicas.flatMap(({ name, outages, services }) => [
          ...outages,
          ...services.flatMap((service, at) => waitsOf(service, `${name}#${at + 1}`)),
        ]),
      };
    },
  };
  return stage;
}

/**
 * Fails with what is wrong, and all that is known about each execution that is named there. Where the machine stood still the
 * test is asked again: replicas that live were taken for dead then, while their playbooks went on.
 */
export function expectSound(history: Staged): void {
  const problems = problemsOf(history);
  if (problems.length > 0 && history.stood > LONGEST_STALL) {
    const stood = `the machine stood still for ${history.stood} ms`;
    throw new Error(`not within ${LONGEST_STALL} ms: ${stood}, and then ${problems.join('; ')}`);
  }
  const named = history.executions.filter(({ id }) => problems.some((problem) => problem.includes(id)));
  const known = named.map((row) => ({
    row,
    steps: history.steps?.filter(({ id }) => id === row.id),
    records: history.records.filter((line) => line.includes(row.id)),
    told: history.told?.filter(({ execution_id }) => execution_id === row.id),
  }));
  // A summary of a test run shows the first line of a message.
  const story = JSON.stringify({ known, outages: problems.length > 0 ? history.outages : [] }, null, 1);
  expect(problems, `${problems.join('; ')}\n${story}`).toEqual([]);
}
