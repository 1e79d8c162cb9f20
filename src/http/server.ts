import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerClientError } from './client-error.ts';
import { failure } from './failure.ts';
import { createGuard, type Refusal, tokensOf } from './guard.ts';
import type { Listener } from './listener.ts';
import { isLoopback, withoutBrackets } from './origin.ts';
import type { HttpOptions, HttpTimeouts } from './ports.ts';
import { errorBody } from './problem.ts';
import { type Answer, JSON_HEADERS } from './respond.ts';
import { createWebhook, isDelivery } from './webhook.ts';

export interface HttpServer {
  /** Resolves when connections are accepted, with the port that was picked. Rejects when the address cannot be had. */
  listen(): Promise<{ readonly host: string; readonly port: number }>;
  /** Loads what answers all but deliveries, which otherwise the first such request waits for. Never rejects. */
  prepare(): Promise<void>;
  /** From now on deliveries and predictions get a 503, and `/-/ready` too; reading goes on. */
  refuseNewWork(): void;
  /** Accepts no more connections, lets the requests under way end, and cuts what is left after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

/** Alertmanager's requests take milliseconds; scrapes come once a minute and may keep their connection. */
const TIMEOUTS: HttpTimeouts = { headers: 10_000, request: 30_000, keep_alive: 75_000 };
/** How long the rest of a refused body is read and dropped, so that the client gets to read the answer; milliseconds. */
const LINGER = 500;
const SWEEP_EVERY = 20;
/** Node sends a text together with its headers, and bytes in a piece of their own: few of them go as a text of bytes. */
const ONE_PIECE = 16_384;

const UNMET_EXPECTATION: Refusal = {
  status: 417,
  headers: JSON_HEADERS,
  body: errorBody('bad_request', 'no expectation but 100-continue can be met: leave the header Expect out'),
};

/** Throws where the address can be reached by others and there is no token. */
export function createHttpServer(options: HttpOptions): HttpServer {
  if (options.token() === '')
    throw new Error('web.bearer_token is empty: give it a value, or leave it out on loopback');
  if (tokensOf(options).length === 0 && !isLoopback(options.host)) {
    throw new Error(`web.listen is ${options.host}, which others can reach: set web.bearer_token_file`);
  }
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  let stopping = false;
  const guard = createGuard(options);
  const scope = { ...options, stopping: () => stopping };
  const webhook = createWebhook(scope);
  let listener: Listener | null = null;

  async function load(): Promise<Listener> {
    const { createListener } = await import('./listener.ts');
    listener ??= createListener(scope, guard, webhook);
    return listener;
  }

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    let loaded: Listener;
    try {
      loaded = listener ?? (await load());
    } catch (error) {
      const { method = '', url = '' } = incoming;
      return write(incoming, outgoing, failure(error, { method, path: url.split('?')[0]! }, options.log));
    }
    await loaded(incoming, outgoing);
  }

  async function deliver(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    write(incoming, outgoing, guard.atTheHandler(incoming, 'webhook') ?? (await webhook(incoming)));
  }

  const server = createServer(
    {
      headersTimeout: timeouts.headers,
      requestTimeout: timeouts.request,
      keepAliveTimeout: timeouts.keep_alive,
      connectionsCheckingInterval: Math.min(500, timeouts.headers),
    },
    (incoming, outgoing) => {
      // What comes in storms goes around the router and its copies of requests and answers.
      if (isDelivery(incoming)) return void deliver(incoming, outgoing);
      const refused = guard.atTheDoor(incoming);
      if (refused === null) void serve(incoming, outgoing);
      else write(incoming, outgoing, refused);
    },
  );
  // `100-continue` Node answers itself; any other expectation it would refuse with an empty body.
  server.on('checkExpectation', (incoming, outgoing) => {
    write(incoming, outgoing, guard.atTheDoor(incoming) ?? UNMET_EXPECTATION);
  });
  server.on('clientError', (error, socket) => answerClientError(error, socket, tokensOf(options).length > 0));

  return {
    listen: () =>
      new Promise((resolve, reject) => {
        const onError = (error: Error) => {
          reject(new Error(`cannot listen on ${options.host}:${options.port}: ${error.message}`, { cause: error }));
        };
        server.once('error', onError);
        server.listen({ host: withoutBrackets(options.host), port: options.port }, () => {
          const { address, port } = server.address() as AddressInfo;
          server.off('error', onError);
          // Out of file descriptors, for one: the next connection may be had again.
          server.on('error', (error) => options.log.error({ err: error }, 'a connection could not be accepted'));
          resolve({ host: address, port });
        });
      }),

    async prepare() {
      await load().catch((error: unknown) => options.log.error({ err: error }, 'the API could not be loaded yet'));
    },

    refuseNewWork() {
      stopping = true;
    },

    close(timeoutMs) {
      stopping = true;
      if (!server.listening) return Promise.resolve();
      return new Promise((resolve) => {
        // Connections become idle one by one, and Node says when for none of them.
        const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_EVERY);
        const patience = setTimeout(() => server.closeAllConnections(), timeoutMs);
        server.close(() => {
          clearInterval(sweep);
          clearTimeout(patience);
          resolve();
        });
      });
    },
  };
}

/** What of the body was not read is dropped, for a while. */
function write(incoming: IncomingMessage, outgoing: ServerResponse, { status, headers, body }: Answer): void {
  incoming.on('error', ignore);
  outgoing.on('error', ignore);
  const length = Buffer.byteLength(body);
  outgoing.writeHead(status, { ...headers, 'content-length': length });
  if (incoming.method === 'HEAD') outgoing.end();
  else if (typeof body === 'string' || length > ONE_PIECE) outgoing.end(body);
  else outgoing.end(body.toString('latin1'), 'latin1');
  if (incoming.complete) return;
  incoming.resume();
  const cut = setTimeout(() => incoming.socket.destroy(), LINGER);
  cut.unref();
  incoming.once('end', () => clearTimeout(cut));
}

/** Who is gone needs no answer. */
function ignore(): void {}
