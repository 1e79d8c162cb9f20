import { SECURITY_HEADERS } from '../respond.ts';

export interface EventsOptions {
  readonly version: () => Promise<string>;
  readonly stopping: () => boolean;
  readonly onError: (error: unknown) => void;
}

/** Tells listeners when what the pages show has changed. */
export interface EventHub {
  /** A stream of server-sent events that begins with the version as it is now; null where too many listen already. */
  listen(): Response | null;
}

const POLL_EVERY = 300;
const HEARTBEAT_EVERY = 15_000;
const MOST_LISTENERS = 50;
/** A listener that has so many events unread is gone. */
const MOST_UNREAD = 20;

type Listener = ReadableStreamDefaultController<Uint8Array>;

/** Asks for the version only while somebody listens. Every stream ends when the service stops. */
export function createEventHub({ version, stopping, onError }: EventsOptions): EventHub {
  const encoder = new TextEncoder();
  const listeners = new Set<Listener>();
  let timer: NodeJS.Timeout | null = null;
  let told = '';
  let heartbeatAt = 0;

  function send(listener: Listener, text: string): void {
    try {
      if ((listener.desiredSize ?? 0) < -MOST_UNREAD) throw new Error('it does not read');
      listener.enqueue(encoder.encode(text));
    } catch {
      end(listener);
    }
  }

  function end(listener: Listener): void {
    listeners.delete(listener);
    try {
      listener.close();
    } catch {
      // The client closed it first.
    }
  }

  async function look(): Promise<void> {
    timer = null;
    if (stopping()) for (const listener of [...listeners]) end(listener);
    if (listeners.size === 0) return;
    try {
      const now = await version();
      if (now !== told) for (const listener of [...listeners]) send(listener, changed(now));
      told = now;
    } catch (error) {
      onError(error);
    }
    if (performance.now() - heartbeatAt > HEARTBEAT_EVERY) {
      heartbeatAt = performance.now();
      // An event, not a comment: a page cannot hear comments, and has to notice when nothing comes any more.
      for (const listener of [...listeners]) send(listener, 'event: alive\ndata:\n\n');
    }
    schedule();
  }

  function schedule(): void {
    if (timer === null && listeners.size > 0) timer = setTimeout(() => void look(), POLL_EVERY);
  }

  return {
    listen() {
      if (listeners.size >= MOST_LISTENERS) return null;
      let own: Listener | null = null;
      const stream = new ReadableStream<Uint8Array>({
        async start(controller) {
          own = controller;
          listeners.add(controller);
          schedule();
          try {
            send(controller, `retry: 2000\n${changed(await version())}`);
          } catch (error) {
            onError(error);
          }
        },
        cancel() {
          if (own !== null) listeners.delete(own);
        },
      });
      return new Response(stream, { headers: EVENT_HEADERS });
    },
  };
}

export const EVENT_HEADERS: Readonly<Record<string, string>> = {
  ...SECURITY_HEADERS,
  'content-type': 'text/event-stream; charset=utf-8',
  'x-accel-buffering': 'no',
};

function changed(version: string): string {
  return `event: change\ndata: ${version}\n\n`;
}
