import { join } from 'node:path';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts';
import { type Delivery, type Partition, simulate } from '../alertmanagers.ts';
import type { Bench } from '../bench.ts';
import { makeFolder } from '../home.ts';
import { approvedInput, INSTANCE, mappingTo } from '../past.ts';
import { type Row, times } from '../table.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const REPLICAS = 4;
const END = 12 * HOUR;
const APART: Partition = { from: 3 * HOUR, until: 5 * HOUR };
/** A run ends so long after its delivery. */
const RUN = 2 * MINUTE;

interface Seen {
  readonly deliveries: number;
  /** Of those that began while the cluster was apart: first deliveries until it was whole again. */
  readonly meanwhile: number;
  readonly refused: number;
  readonly claims: number;
  /** Most starts of one target; its cooldown is longer than all. */
  readonly most: number;
}

interface Scenario {
  readonly partition: Partition | null;
  /** While apart, the replicas of the second half have no store: they answer 503. */
  readonly cutOff: boolean;
}

/**
 * Clusters of Alertmanagers in virtual time, whole and partitioned, that deliver to replicas on one real ledger: how often they
 * deliver, and what runs.
 */
export async function partition(bench: Bench): Promise<readonly Row[]> {
  const targets = bench.quick ? 20 : 200;
  const rows: Row[] = [];
  for (const members of [2, 4]) {
    const whole = await play(members, targets, { partition: null, cutOff: false });
    const apart = await play(members, targets, { partition: APART, cutOff: false });
    const cutOff = await play(members, targets, { partition: APART, cutOff: true });
    const row = (what: string, seen: Seen): Row => ({
      what: `${members} Alertmanagers, ${REPLICAS} replicas, ${targets} alerts: ${what}`,
      figure: `${seen.deliveries.toLocaleString('en-US')} deliveries accepted, ${seen.refused.toLocaleString('en-US')} answered 503; ${seen.claims} runs`,
      ratio:
        seen === whole
          ? ''
          : `${times(seen.meanwhile / whole.meanwhile)} of the deliveries meanwhile, ${times(seen.claims / whole.claims)} of the runs`,
      aim: `${targets} runs, 1 a target`,
      met: seen.claims === targets && seen.most === 1,
    });
    const minutes = (APART.until - APART.from) / MINUTE;
    rows.push(
      row('whole', whole),
      row(`in halves for ${minutes} minutes`, apart),
      row(`in halves for ${minutes} minutes, one of them without the store`, cutOff),
    );
  }
  return rows;
}

async function play(members: number, targets: number, { partition, cutOff }: Scenario): Promise<Seen> {
  const path = join(makeFolder(), 'forestall.db');
  const began = Date.now() - END;
  let clock = began;
  const replicas: Ledger[] = [];
  for (let at = 0; at < REPLICAS; at++) replicas.push(await openSqliteLedger({ path, now: () => clock }));
  const mapping = mappingTo('cleanup', { limit_scope: 'resource', cooldown_hours: 48 });
  const starts = new Map<number, number>();
  const seen = { deliveries: 0, meanwhile: 0, refused: 0, claims: 0 };
  const ends: { readonly at: number; readonly end: () => Promise<unknown> }[] = [];
  const isApart = (at: number) => at >= APART.from && at < APART.until;

  async function deliver(delivery: Delivery, replica: Ledger): Promise<boolean> {
    const input = approvedInput(mapping, clock, `/volume-${delivery.group}`);
    const [recorded] = await replica.record([input], INSTANCE);
    seen.deliveries++;
    if (isApart(delivery.at)) seen.meanwhile++;
    const hold = recorded!.hold;
    if (hold === null) return true;
    seen.claims++;
    starts.set(delivery.group, (starts.get(delivery.group) ?? 0) + 1);
    const begun = await replica.begin(hold, input, 'running');
    if (begun?.verdict !== 'approved') throw new Error(`not begun: ${begun?.message}`);
    const at = delivery.at + RUN;
    ends.push({ at, end: () => replica.advance(hold, { to: 'succeeded', at: began + at, message: 'done' }) });
    return true;
  }

  let turn = 0;
  try {
    await simulate(
      { members, partition, groups: Array.from({ length: targets }, (_, at) => (at * END) / 2 / targets), end: END },
      async (deliveries) => {
        const { at } = deliveries[0]!;
        for (let next = ends[0]; next !== undefined && next.at <= at; next = ends[0]) {
          ends.shift();
          clock = began + next.at;
          await next.end();
        }
        clock = began + at;
        return await Promise.all(
          deliveries.map((delivery) => {
            const far = delivery.member >= members / 2;
            const half = REPLICAS / 2;
            // While apart each half reaches its own replicas only.
            const apart = partition !== null && isApart(delivery.at);
            const place = apart ? (far ? half : 0) + (turn++ % half) : turn++ % REPLICAS;
            if (!(apart && far && cutOff)) return deliver(delivery, replicas[place]!);
            seen.refused++;
            return Promise.resolve(false);
          }),
        );
      },
    );
  } finally {
    for (const replica of replicas) await replica.close();
  }
  return { ...seen, most: Math.max(...starts.values()) };
}
