import * as z from 'zod';
import { createJsonClient, type JsonAnswer, oneLine, UpstreamError } from './http.ts';

export interface Sample {
  /** Without prototype. */
  readonly labels: Readonly<Record<string, string>>;
  /** May be `NaN` or infinite, as in PromQL. */
  readonly value: number;
}

export interface QueryOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; the client's by default. */
  readonly timeout?: number;
}

/** All methods reject with `UpstreamError` when Prometheus gives no usable answer. */
export interface PrometheusClient {
  /** The samples of an instant query, now. A scalar is one sample without labels. */
  query(expr: string, options?: QueryOptions): Promise<readonly Sample[]>;
  /** The one finite number that the expression has; rejects when there are none or several, or Prometheus warns. */
  queryScalar(expr: string, options?: QueryOptions): Promise<number>;
}

export interface PrometheusClientOptions {
  /** Base URL; may hold a path prefix, and credentials for basic auth. */
  readonly url: string;
  readonly fetch?: typeof fetch;
  /** Milliseconds. */
  readonly timeout: number;
}

const MAX_ANSWER_BYTES = 1024 * 1024;

const sampleValue = z.tuple([z.number(), z.string()]);
const successSchema = z.object({
  status: z.literal('success'),
  warnings: z.array(z.string()).optional(),
  data: z.discriminatedUnion('resultType', [
    z.object({
      resultType: z.literal('vector'),
      result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: sampleValue })),
    }),
    z.object({ resultType: z.literal('scalar'), result: sampleValue }),
  ]),
});
const otherTypeSchema = z.object({
  status: z.literal('success'),
  data: z.object({ resultType: z.enum(['matrix', 'string']) }),
});
const errorSchema = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });

export function createPrometheusClient(options: PrometheusClientOptions): PrometheusClient {
  const client = createJsonClient({
    server: 'Prometheus',
    url: options.url,
    maxBytes: MAX_ANSWER_BYTES,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });

  async function ask(expr: string, { signal, timeout = options.timeout }: QueryOptions = {}) {
    const request = {
      path: 'api/v1/query',
      params: { query: expr, timeout: `${Math.max(1, Math.round(timeout))}ms` },
      timeout,
      ...(signal === undefined ? {} : { signal }),
    };
    let answer = await client.request({ method: 'POST', ...request });
    // Proxies that only let reading through refuse the POST, which is there for expressions longer than a URL may be.
    if (answer.status === 405 || answer.status === 501) answer = await client.request({ method: 'GET', ...request });
    return read(answer);
  }

  function read({ status, body }: JsonAnswer) {
    const failed = errorSchema.safeParse(body);
    if (failed.success) {
      const { errorType, error } = failed.data;
      throw new UpstreamError(`${client.name}: ${oneLine(errorType, 40)}: ${oneLine(error)}`, { status, errorType });
    }
    if (status !== 200) throw new UpstreamError(`${client.name} answered ${status}`, { status });
    const other = otherTypeSchema.safeParse(body);
    if (other.success) {
      throw new UpstreamError(
        `${client.name}: the expression is a ${other.data.data.resultType}: an instant vector or a scalar is needed`,
        { status },
      );
    }
    const success = successSchema.safeParse(body);
    if (!success.success)
      throw new UpstreamError(`${client.name} answered with what is not a query result`, {
        status,
        cause: success.error,
      });
    const { data, warnings = [] } = success.data;
    const samples: Sample[] =
      data.resultType === 'scalar'
        ? [{ labels: Object.create(null), value: sampleNumber(data.result[1]) }]
        : data.result.map(({ metric, value }) => ({
            labels: Object.assign(Object.create(null), metric),
            value: sampleNumber(value[1]),
          }));
    return { samples, warnings };
  }

  return {
    async query(expr, queryOptions) {
      return (await ask(expr, queryOptions)).samples;
    },
    async queryScalar(expr, queryOptions) {
      const { samples, warnings } = await ask(expr, queryOptions);
      if (warnings[0] !== undefined)
        throw new UpstreamError(`${client.name} warns, the answer may not be whole: ${oneLine(warnings[0])}`);
      const [sample] = samples;
      if (sample === undefined || samples.length > 1) {
        throw new UpstreamError(
          `${client.name}: the expression has ${samples.length === 0 ? 'no samples' : `${samples.length} samples`}: exactly one is needed`,
        );
      }
      if (!Number.isFinite(sample.value))
        throw new UpstreamError(`${client.name}: the expression is ${sample.value}: a finite number is needed`);
      return sample.value;
    },
  };
}

/** A sample's value as Prometheus writes it; `NaN` for what it never writes. */
function sampleNumber(text: string): number {
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  return text.trim() === '' ? Number.NaN : Number(text);
}
