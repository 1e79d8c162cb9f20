import type { ServerResponse } from 'node:http';
import type { Outage, Told } from '../e2e/history-checker.ts';
import { bodyOf, listen } from '../support/http.ts';
import type { Service } from '../support/service.ts';

/** Who sends reports, by a path that ends with `token-of-replica-NAME`. */
interface Sender {
  readonly name: string;
  /** The process that it is now. */
  readonly process: string;
}

export interface People {
  readonly url: string;
  /** Reports about the end of executions that were taken. */
  readonly told: readonly Told[];
  /** From now on each is asked which process it is. */
  know(senders: readonly Sender[]): void;
}

/** A server in Discord's place that takes everything, after a moment in which its sender can die. */
export async function startPeople(): Promise<People> {
  const told: Told[] = [];
  let known: readonly Sender[] = [];
  const { url } = await listen(async (request, response: ServerResponse) => {
    const name = /token-of-replica-(\w+)/.exec(request.url!)?.[1];
    const process = known.find((sender) => sender.name === name)?.process ?? 'unknown';
    const { embeds } = JSON.parse(await bodyOf(request));
    const execution_id = /^Forestall, execution (\S+)$/.exec(embeds[0].footer.text)?.[1];
    const isAboutItsEnd = /^\S+ (?:succeeded|failed|was interrupted)\\?: /.test(embeds[0].title);
    if (execution_id !== undefined && isAboutItsEnd) told.push({ execution_id, at: Date.now(), process });
    setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"1"}'), 20);
  });
  return {
    url,
    told,
    know(senders) {
      known = senders;
    },
  };
}

/** When its sender of reports said that the ledger did not take its writes: a machine with too much to do is an outage too. */
export function waitsOf(service: Pick<Service, 'log'>, process: string): readonly Outage[] {
  const lines = service.log().filter(({ channel }) => channel === 'discord');
  const waits = lines.filter(({ msg }) => msg === 'reports wait for the ledger');
  return waits.map(({ time }) => {
    const from = Date.parse(String(time));
    const back = lines.find(
      (line) => Date.parse(String(line['time'])) >= from && /reports go on$/.test(String(line['msg'])),
    );
    const until = back === undefined ? Number.POSITIVE_INFINITY : Date.parse(String(back['time']));
    return { process, how: 'cut' as const, from, until };
  });
}
