import type { ServerResponse } from 'node:http';
import type { Told } from '../e2e/history-checker.ts';
import { bodyOf, listen } from '../support/http.ts';
import type { Replica } from './replicas.ts';

export interface People {
  readonly url: string;
  /** Reports about the end of executions that were taken. */
  readonly told: readonly Told[];
  /** From now on each is asked which process of a replica it is. */
  know(replicas: readonly Replica[]): void;
}

/** A server in Discord's place that takes everything, after a moment in which its sender can die. */
export async function startPeople(): Promise<People> {
  const told: Told[] = [];
  let known: readonly Replica[] = [];
  const { url } = await listen(async (request, response: ServerResponse) => {
    const name = /token-of-replica-(r\d+)/.exec(request.url!)?.[1];
    const process = known.find((replica) => replica.name === name)?.process ?? 'unknown';
    const { embeds } = JSON.parse(await bodyOf(request));
    const execution_id = /^Forestall, execution (\S+)$/.exec(embeds[0].footer.text)?.[1];
    const isAboutItsEnd = /^\S+ (?:succeeded|failed|was interrupted)\\?: /.test(embeds[0].title);
    if (execution_id !== undefined && isAboutItsEnd) told.push({ execution_id, at: Date.now(), process });
    setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"1"}'), 20);
  });
  return {
    url,
    told,
    know(replicas) {
      known = replicas;
    },
  };
}
