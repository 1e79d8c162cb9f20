/** A server that did not give a usable answer. The message names the server, never credentials. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  /** The HTTP status; null when there was no answer. */
  readonly status: number | null;
  /** Prometheus's `errorType` (`bad_data`, `timeout`, …); null where the answer names none. */
  readonly errorType: string | null;

  constructor(
    message: string,
    details: { readonly status?: number; readonly errorType?: string | null; readonly cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = details.status ?? null;
    this.errorType = details.errorType ?? null;
  }
}

export interface JsonAnswer {
  readonly status: number;
  /** The parsed body; undefined when it is not JSON. */
  readonly body: unknown;
  /** The body as it came. */
  readonly text: string;
  /** When the server says that it answered, epoch milliseconds, to the second; null where it does not. */
  readonly date: number | null;
}

export interface JsonClientOptions {
  /** What errors call it: `Prometheus`, `Alertmanager`. */
  readonly server: string;
  /** Base URL, a path prefix and credentials (sent as basic auth) included. */
  readonly url: string;
  readonly fetch?: typeof fetch;
  /** An answer may be this long. */
  readonly maxBytes: number;
}

export interface JsonRequest {
  readonly method: 'GET' | 'POST';
  /** Below the base URL, without a slash in front. */
  readonly path: string;
  /** In the query of a GET, in the form of a POST. */
  readonly params?: Readonly<Record<string, string>>;
  /** The body of a POST, in place of `params`. */
  readonly json?: unknown;
  /** Milliseconds for the whole exchange. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
}

export interface JsonClient {
  /** The server as it is named in messages, without credentials. */
  readonly name: string;
  /** Any status is an answer. Rejects with `UpstreamError`: no connection, a redirect, too slow, too long. */
  request(request: JsonRequest): Promise<JsonAnswer>;
  /** The same for an answer whose body `read` takes in pieces, within the time of the request. */
  open<T>(request: JsonRequest, read: (response: Response) => Promise<T>): Promise<T>;
}

/** Asks one server for JSON: no redirects followed, time and length bounded. Throws when `url` is not http or https. */
export function createJsonClient(options: JsonClientOptions): JsonClient {
  if (!URL.canParse(options.url)) throw new Error(`${options.server}: the URL cannot be read`);
  const base = new URL(options.url);
  if (base.protocol !== 'http:' && base.protocol !== 'https:')
    throw new Error(`${options.server}: an http or https URL is needed`);
  const credentials = [base.username, base.password].map(decodeURIComponent).join(':');
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'forestall' };
  if (credentials !== ':') headers['authorization'] = `Basic ${Buffer.from(credentials).toString('base64')}`;
  base.username = '';
  base.password = '';
  base.search = '';
  base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  const name = `${options.server} at ${base.href.replace(/\/$/, '')}`;
  const send = options.fetch ?? fetch;

  async function open<T>(
    { method, path, params, json, timeout, signal }: JsonRequest,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const url = new URL(path, base);
    const form = new URLSearchParams(params);
    if (method === 'GET') url.search = form.toString();
    const deadline = AbortSignal.timeout(timeout);
    try {
      const response = await send(url, {
        method,
        headers: json === undefined ? headers : { ...headers, 'content-type': 'application/json' },
        redirect: 'error',
        signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
        ...(method === 'POST' ? { body: json === undefined ? form : JSON.stringify(json) } : {}),
      });
      return await read(response);
    } catch (error) {
      if (error instanceof UpstreamError) throw error;
      if (signal?.aborted) throw new UpstreamError(`${name}: the request was cancelled`, { cause: error });
      if (deadline.aborted)
        throw new UpstreamError(`${name} did not answer within ${timeout / 1000} s`, { cause: error });
      throw new UpstreamError(`${name} could not be asked: ${reason(error)}`, { cause: error });
    }
  }

  return {
    name,
    open,
    request: (request) =>
      open(request, async (response) => {
        const text = await readBounded(response, options.maxBytes, name);
        const date = Date.parse(response.headers.get('date') ?? '');
        return { status: response.status, body: parse(text), text, date: Number.isNaN(date) ? null : date };
      }),
  };
}

async function readBounded(response: Response, maxBytes: number, name: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > maxBytes)
      throw new UpstreamError(`${name} answered with more than ${maxBytes} bytes`, { status: response.status });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `fetch failed` says nothing; what failed is in its cause. */
function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as NodeJS.ErrnoException).code;
  const message = cause instanceof Error ? cause.message : String(cause);
  return oneLine(message === '' && code !== undefined ? code : message);
}

/** Foreign text in a message: on one line, bounded. */
export function oneLine(text: string, max = 300): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  return line.length > max ? `${line.slice(0, max)}…` : line;
}
