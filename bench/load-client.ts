import { fileURLToPath } from 'node:url';
import type { Order, Outcome } from './load-messages.ts';
import { start } from './processes.ts';

/** The load generator in its own process. One order at a time. */
export interface Load {
  send(order: Order): Promise<Outcome>;
  stop(): Promise<void>;
}

export async function startLoad(): Promise<Load> {
  const argv = [process.execPath, fileURLToPath(new URL('./load.ts', import.meta.url))];
  const program = await start(argv, /ready/, { ipc: true });
  return {
    send: (order) =>
      new Promise((resolve, reject) => {
        program.child.once('message', (answer: { readonly outcome?: Outcome; readonly error?: string }) => {
          if (answer.outcome === undefined) reject(new Error(`load on ${order.path}: ${answer.error}`));
          else resolve(answer.outcome);
        });
        program.child.send(order);
      }),
    stop: () => program.stop(),
  };
}

/** Throws unless every answer was a 200: a rate of refusals is no rate. */
export function allAccepted(outcome: Outcome): Outcome {
  const { statuses, requests, last } = outcome;
  if (requests === 0 || statuses['200'] !== requests) {
    throw new Error(`not every answer was a 200: ${JSON.stringify(statuses)}; the last: ${last.slice(0, 500)}`);
  }
  return outcome;
}

export const rate = ({ requests, seconds }: Outcome): number => requests / seconds;
