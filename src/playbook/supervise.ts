import { endFamily, type ProcessFamily } from './process-group.ts';
import type { Exit, StartedProcess } from './spawn.ts';

/** How a started program ended; the first reason wins. */
export type Ending =
  | { readonly how: 'exited'; readonly exit: Exit }
  | {
      readonly how: 'timed_out' | 'aborted';
      /** Pids that could not be ended; as a rule none. */
      readonly survivors: readonly number[];
    };

export interface Supervision {
  readonly family: ProcessFamily;
  /** Milliseconds until its family is ended. */
  readonly timeout: number;
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly grace: number;
  readonly signal?: AbortSignal | undefined;
}

const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Waits for the program itself to end, at most `timeout` and as long as `signal` is not aborted; then its whole family
 * is ended, and nothing of it is left when this resolves. A program that ended by itself may leave a daemon behind.
 */
export async function supervise(
  started: StartedProcess,
  { family, timeout, grace, signal }: Supervision,
): Promise<Ending> {
  let stop: (how: 'timed_out' | 'aborted') => void = () => {};
  const stopped = new Promise<'timed_out' | 'aborted'>((resolve) => {
    stop = resolve;
  });
  const timer = setTimeout(() => stop('timed_out'), Math.min(timeout, LONGEST_TIMER));
  const onAbort = (): void => stop('aborted');
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    const first = await Promise.race([started.exited, stopped]);
    if (typeof first !== 'string') return { how: 'exited', exit: first };
    return { how: first, survivors: await endFamily(family, grace) };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
