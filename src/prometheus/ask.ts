import type * as z from 'zod';
import type { Asked, Trouble } from '../doctor/facts.ts';
import { type JsonAnswer, type JsonClient, type JsonRequest, oneLine, UpstreamError } from './http.ts';

/** Asks, and turns what went wrong into words. `read` throws for an answer in another form. Never rejects. */
export async function ask<T>(
  client: JsonClient,
  request: JsonRequest,
  read: (answer: JsonAnswer) => T,
): Promise<Asked<T>> {
  const { name } = client;
  let answer: JsonAnswer;
  try {
    answer = await client.request(request);
  } catch (error) {
    return { ok: false, trouble: troubleOf(error) };
  }
  const fail = (kind: Trouble['kind'], message: string) => ({ ok: false, trouble: { kind, message } }) as const;
  const { status } = answer;
  if (status === 401 || status === 403) {
    return fail('unauthorized', `${name} answered ${status}: it wants credentials, or refuses the ones it got`);
  }
  if (status !== 200) return fail('refused', `${name} answered ${status} to ${request.method} /${request.path}`);
  try {
    return { ok: true, value: read(answer) };
  } catch (error) {
    const why = error instanceof Unreadable ? `: ${error.message}` : '';
    return fail(
      'unreadable',
      `${name} answered /${request.path} in another form than expected${why}: is this its URL?`,
    );
  }
}

/** An answer in another form; the message says in which. */
class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

/** The body, checked. Throws `Unreadable`. */
export function bodyAs<T>(schema: z.ZodType<T>): (answer: JsonAnswer) => T {
  return ({ body }) => {
    if (body === undefined) throw new Unreadable('no JSON');
    const read = schema.safeParse(body);
    if (read.success) return read.data;
    throw new Unreadable(oneLine(read.error.issues[0]?.path.join('.') ?? ''));
  };
}

function troubleOf(error: unknown): Trouble {
  const message = error instanceof Error ? error.message : String(error);
  const timedOut = error instanceof UpstreamError && (error.cause as Error | undefined)?.name === 'TimeoutError';
  return { kind: timedOut ? 'timeout' : 'unreachable', message };
}
