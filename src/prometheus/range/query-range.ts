import * as z from 'zod';
import { type JsonClient, oneLine, UpstreamError } from '../http.ts';
import { createElementReader, TooLong } from './elements.ts';
import type { Slice } from './slices.ts';

/** One series of an answer, as Prometheus writes it. */
export interface RangeSeries {
  /** Without prototype. */
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since 1970 and a number as text, oldest first. */
  readonly samples: readonly (readonly [number, string])[];
}

export interface RangeQuery {
  readonly client: JsonClient;
  readonly expr: string;
  readonly slice: Slice;
  /** Seconds. */
  readonly step: number;
  /** Milliseconds for one request. */
  readonly timeout: number;
  /** False ends the request: no more series are wanted. */
  readonly onSeries: (series: RangeSeries) => boolean;
}

/** A series of 11,000 samples is below half a megabyte. */
const LIMITS = { element: 8 * 1024 * 1024, frame: 1024 * 1024 };

const frameSchema = z.object({
  status: z.literal('success'),
  warnings: z.array(z.string()).optional(),
  data: z.object({ resultType: z.string() }),
});
const errorSchema = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });
const seriesSchema = z.object({
  metric: z.record(z.string(), z.string()),
  // A series of native histograms has none.
  values: z.array(z.tuple([z.number(), z.string()])).default([]),
});

/**
 * One `query_range`. Series are handed on while the answer arrives. Resolves with Prometheus's warnings; rejects with
 * `UpstreamError` where there is no whole answer.
 */
export async function queryRange(query: RangeQuery): Promise<readonly string[]> {
  const { client, expr, slice, step, timeout } = query;
  const request = {
    path: 'api/v1/query_range',
    params: {
      query: expr,
      start: String(slice.start),
      end: String(slice.end),
      step: String(step),
      timeout: `${timeout}ms`,
    },
    timeout,
  };
  const posted = await client.open({ method: 'POST', ...request }, (response) => read(response, query));
  // Proxies that only let reading through refuse the POST, which is there for expressions longer than a URL may be.
  if (posted !== null) return posted;
  const got = await client.open({ method: 'GET', ...request }, (response) => read(response, query));
  if (got !== null) return got;
  throw new UpstreamError(`${client.name} answers neither POST nor GET`);
}

class Enough extends Error {}

/** Null: it wants another method. */
async function read(response: Response, { client, onSeries }: RangeQuery): Promise<readonly string[] | null> {
  const { status } = response;
  if (status === 405 || status === 501) {
    await response.body?.cancel();
    return null;
  }
  const reader = createElementReader((text) => {
    if (!onSeries(seriesFrom(text, client.name))) throw new Enough();
  }, LIMITS);
  try {
    for await (const chunk of response.body ?? []) reader.push(chunk);
  } catch (error) {
    if (error instanceof Enough) return [];
    if (error instanceof TooLong) throw new UpstreamError(`${client.name}: ${error.message}`, { status });
    throw error;
  }
  return judge(reader.frame(), status, client.name);
}

function seriesFrom(text: string, name: string): RangeSeries {
  const series = seriesSchema.safeParse(parsed(text)).data;
  if (series === undefined) throw new UpstreamError(`${name} answered with what is not a query result`);
  return { labels: Object.assign(Object.create(null), series.metric), samples: series.values };
}

function judge(text: string, status: number, name: string): readonly string[] {
  const body = parsed(text);
  if (body === undefined) {
    throw new UpstreamError(
      status === 200 ? `${name} answered with what is not JSON, or only half of it` : `${name} answered ${status}`,
      { status },
    );
  }
  const failed = errorSchema.safeParse(body);
  if (failed.success) {
    const { errorType, error } = failed.data;
    throw new UpstreamError(`${name}: ${oneLine(errorType, 40)}: ${oneLine(error)}`, { status, errorType });
  }
  if (status !== 200) throw new UpstreamError(`${name} answered ${status}`, { status });
  const frame = frameSchema.safeParse(body);
  if (!frame.success) {
    throw new UpstreamError(`${name} answered with what is not a query result`, { status, cause: frame.error });
  }
  const { data, warnings = [] } = frame.data;
  if (data.resultType !== 'matrix') {
    throw new UpstreamError(`${name}: the answer is a ${oneLine(data.resultType, 40)}, not series over time`, {
      status,
    });
  }
  return warnings.map((warning) => oneLine(warning));
}

/** Undefined: it is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
