/** What the load generator is asked to do: at most `count` requests, and none begun after `milliseconds`. */
export interface Order {
  readonly port: number;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Each `PLACEHOLDER` in it becomes the number of the request. */
  readonly body: string;
  /** Number of the first request. */
  readonly first: number;
  readonly connections: number;
  readonly count: number;
  readonly milliseconds: number;
}

export interface Outcome {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds from the first byte sent to the last byte received, one a request. */
  readonly latencies: readonly number[];
  /** How many answers had which status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Body of one of the last answers. */
  readonly last: string;
  /** Size of that answer with its headers. */
  readonly bytes: number;
}

export const PLACEHOLDER = '#NUMBER#';

export function isOrder(message: unknown): message is Order {
  return typeof message === 'object' && message !== null && 'port' in message;
}
