/**
 * A model of a cluster of Alertmanagers, in virtual time, as their documentation and sources describe it: each gets every
 * alert, flushes each group after `group_wait` and then each `group_interval`, waits `peer_timeout` for each member before it
 * in the cluster, and sends unless its notification log says that the group was sent within `repeat_interval`. The log is
 * gossiped to whom a member can see. What was not accepted is not in the log, and is sent again with the next flush.
 */
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Milliseconds: as the shipped route has them, and as Alertmanager does by default. */
const TIMES = {
  group_wait: 10 * SECOND,
  group_interval: 5 * MINUTE,
  repeat_interval: 4 * HOUR,
  peer_timeout: 15 * SECOND,
  gossip: 200,
} as const;

export interface Partition {
  readonly from: number;
  readonly until: number;
}

export interface Cluster {
  readonly members: number;
  /** Halves that do not see each other; null: never. */
  readonly partition: Partition | null;
  /** When each group begins to fire; it goes on to the end. */
  readonly groups: readonly number[];
  readonly end: number;
}

export interface Delivery {
  readonly at: number;
  readonly member: number;
  readonly group: number;
}

/** `deliver`: one or more at the same instant; whether each was accepted. */
export async function simulate(
  { members, partition, groups, end }: Cluster,
  deliver: (deliveries: readonly Delivery[]) => Promise<readonly boolean[]>,
): Promise<void> {
  const logs = Array.from(
    { length: members },
    () => new Map<number, { readonly sent: number; readonly known: number }>(),
  );
  const side = (member: number) => (member < members / 2 ? 0 : 1);
  const apart = (at: number) => partition !== null && at >= partition.from && at < partition.until;
  const sees = (one: number, other: number, at: number) => !apart(at) || side(one) === side(other);
  const position = (member: number, at: number) =>
    Array.from({ length: member }, (_, other) => other).filter((other) => sees(member, other, at)).length;
  const note = (member: number, group: number, sent: number, known: number) => {
    const entry = logs[member]!.get(group);
    if (entry === undefined || entry.sent < sent) logs[member]!.set(group, { sent, known });
  };
  /** What a member knows by then: what is on its way does not count yet. */
  const lastSent = (member: number, group: number, at: number) => {
    const entry = logs[member]!.get(group);
    return entry === undefined || entry.known > at ? null : entry.sent;
  };

  const attempts: Delivery[] = [];
  for (const [group, began] of groups.entries()) {
    for (let member = 0; member < members; member++) {
      for (let flush = began + TIMES.group_wait; flush < end; flush += TIMES.group_interval) {
        attempts.push({ at: flush + position(member, flush) * TIMES.peer_timeout, member, group });
      }
    }
  }
  attempts.sort((a, b) => a.at - b.at);
  let healed = false;
  for (let from = 0; from < attempts.length; ) {
    const { at } = attempts[from]!;
    let until = from;
    while (attempts[until]?.at === at) until++;
    if (partition !== null && at >= partition.until && !healed) {
      healed = true;
      for (const log of [...logs])
        for (const [group, { sent }] of log) for (let to = 0; to < members; to++) note(to, group, sent, at);
    }
    const due = attempts.slice(from, until).filter(({ member, group }) => {
      const sent = lastSent(member, group, at);
      return sent === null || sent <= at - TIMES.repeat_interval;
    });
    const accepted = due.length === 0 ? [] : await deliver(due);
    for (const [place, { member, group }] of due.entries()) {
      if (accepted[place] !== true) continue;
      for (let to = 0; to < members; to++) {
        if (sees(member, to, at)) note(to, group, at, to === member ? at : at + TIMES.gossip);
      }
    }
    from = until;
  }
}
