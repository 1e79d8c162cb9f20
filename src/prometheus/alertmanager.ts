import * as z from 'zod';
import { createJsonClient, oneLine, UpstreamError } from './http.ts';
import type { Silence } from './silence.ts';

export interface AlertmanagerClient {
  /** The silences that are active by Alertmanager's own account. Rejects with `UpstreamError`. */
  silences(options?: { readonly signal?: AbortSignal }): Promise<readonly Silence[]>;
}

export interface AlertmanagerClientOptions {
  /** Base URL; may hold a path prefix, and credentials for basic auth. */
  readonly url: string;
  readonly fetch?: typeof fetch;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Alertmanager lists silences that expired in the last five days too. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const silencesSchema = z.array(
  z.object({
    id: z.string(),
    status: z.object({ state: z.enum(['active', 'pending', 'expired']) }),
    matchers: z.array(
      z.object({ name: z.string(), value: z.string(), isRegex: z.boolean(), isEqual: z.boolean().default(true) }),
    ),
    startsAt: instant,
    endsAt: instant,
    createdBy: z.string().default(''),
    comment: z.string().default(''),
  }),
);

export function createAlertmanagerClient(options: AlertmanagerClientOptions): AlertmanagerClient {
  const client = createJsonClient({
    server: 'Alertmanager',
    url: options.url,
    maxBytes: MAX_ANSWER_BYTES,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });
  return {
    async silences({ signal } = {}) {
      const { status, body } = await client.request({
        method: 'GET',
        path: 'api/v2/silences',
        timeout: options.timeout,
        ...(signal === undefined ? {} : { signal }),
      });
      if (status !== 200)
        throw new UpstreamError(
          `${client.name} answered ${status}${typeof body === 'string' ? `: ${oneLine(body)}` : ''}`,
          { status },
        );
      const read = silencesSchema.safeParse(body);
      if (!read.success)
        throw new UpstreamError(`${client.name} answered with what is not a list of silences`, {
          status,
          cause: read.error,
        });
      return read.data
        .filter((silence) => silence.status.state === 'active')
        .map(({ id, matchers, startsAt, endsAt, createdBy, comment }) => ({
          id,
          matchers: matchers.map(({ name, value, isRegex, isEqual }) => ({
            name,
            value,
            is_regex: isRegex,
            is_equal: isEqual,
          })),
          starts_at: startsAt,
          ends_at: endsAt,
          created_by: createdBy,
          comment,
        }));
    },
  };
}
