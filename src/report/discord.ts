import type { Execution } from '../execution/execution.ts';
import type { ReportSubject } from '../execution/report.ts';
import type { Delivery } from './delivery.ts';
import { type DiscordBody, discordBody } from './discord-message.ts';
import type { Log } from './log.ts';
import { messageOf } from './message.ts';
import { LONGEST_WAIT, waitOf } from './rate-limit.ts';

export interface DiscordOptions {
  /** The URL is a credential: it is revealed to `fetch` and to nothing else. */
  readonly webhookUrl: { reveal(): string };
  readonly fetch?: typeof globalThis.fetch;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly logger: Log;
  /** For links to the service; null: no links. */
  readonly externalUrl: string | null;
  /** For one request, milliseconds; default 10,000. */
  readonly timeout?: number;
  readonly userAgent?: string;
}

export interface Discord {
  /**
   * Sends one report; `attempts`: what was tried for its target so far, newest first. Never rejects. While Discord asked for
   * a pause, or after it said no for good, nothing is requested.
   */
  send(subject: ReportSubject, attempts?: readonly Execution[]): Promise<Delivery>;
}

/** How much of an answer is read: only a rate limit's matters, and that is short. */
const LONGEST_ANSWER = 16 * 1024;

export function createDiscord(options: DiscordOptions): Discord {
  const { webhookUrl, fetch = globalThis.fetch, now, logger, externalUrl, timeout = 10_000 } = options;
  const userAgent = options.userAgent ?? 'Forestall/0.1 (+webhook)';
  let gone: string | null = null;
  let quietUntil = -Infinity;

  async function post(body: DiscordBody): Promise<Answer> {
    const url = endpoint(webhookUrl.reveal());
    if (url === null) return { kind: 'stopped', problem: 'the Discord webhook URL is not an http(s) URL' };
    const signal = AbortSignal.timeout(timeout);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': userAgent },
        body: JSON.stringify(body),
        redirect: 'manual',
        signal,
      });
      return await judge(response);
    } catch (error) {
      return { kind: 'retry', afterMs: 0, problem: `Discord could not be reached: ${reasonOf(error)}` };
    }
  }

  return {
    async send(subject, attempts = []) {
      if (gone !== null) return { kind: 'stopped', problem: gone };
      const pause = quietUntil - now();
      // A longer one than any that is ever set: the clock was put back.
      if (pause > 0 && pause <= LONGEST_WAIT)
        return { kind: 'retry', afterMs: pause, problem: 'Discord asked for a pause' };
      const message = messageOf(subject, attempts);
      let answer = await post(discordBody(message, externalUrl));
      if (answer.kind === 'refused') answer = await post(discordBody(message, externalUrl, true));
      switch (answer.kind) {
        case 'refused':
          return { kind: 'dropped', problem: `${answer.problem}, shortened too` };
        case 'stopped':
          gone = answer.problem;
          logger.error({ channel: 'discord' }, `${gone}; nothing more is sent there until the configuration changes`);
          return answer;
        case 'retry':
          quietUntil = now() + answer.afterMs;
          return answer;
        default:
          return answer;
      }
    },
  };
}

/** `refused`: this body will not do; a shorter one may. */
type Answer = Delivery | { readonly kind: 'refused'; readonly problem: string };

/** `wait=true` makes Discord answer for the message and not only for the request. */
function endpoint(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  url.searchParams.set('wait', 'true');
  return url;
}

async function judge(response: Response): Promise<Answer> {
  const { status } = response;
  if (status === 429) {
    const afterMs = waitOf(response.headers, await beginningOf(response));
    return { kind: 'retry', afterMs, problem: `Discord answered 429: wait ${Math.ceil(afterMs / 1000)} s` };
  }
  await response.body?.cancel().catch(() => {});
  const problem = `Discord answered ${status}`;
  if (response.ok) return { kind: 'delivered' };
  if (status === 400 || status === 413) return { kind: 'refused', problem };
  if (status === 401 || status === 403 || status === 404) {
    return { kind: 'stopped', problem: `${problem}: the webhook is gone or was never there` };
  }
  if (status >= 500 || status === 408 || status < 400) return { kind: 'retry', afterMs: 0, problem };
  return { kind: 'dropped', problem };
}

async function beginningOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      if (text.length > LONGEST_ANSWER) break;
    }
  } catch {
    // A body that breaks off tells as much as it told: the headers still count.
  }
  return text;
}

/** A code such as `ECONNREFUSED`, never a message: messages of failed requests can hold the URL. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { code } = (error.cause ?? error) as { readonly code?: unknown };
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : error.name;
}
