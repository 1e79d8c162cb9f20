import { createRequire } from 'node:module';
import { isatty } from 'node:tty';
import { type Logger as PinoLogger, pino } from 'pino';
import type * as PinoPretty from 'pino-pretty';
import type { Logger as PartLogger } from '../logger.ts';
import { createFdWriter } from './fd-writer.ts';
import { escapeControls } from './one-line.ts';

export type Logger = PinoLogger;

/** What the files of this room need of a logger. */
export type Log = PartLogger;

export interface LoggerOptions {
  /** One of pino's, or `silent`. */
  readonly level: string;
  readonly format: 'json' | 'pretty';
  /** File descriptor; default 2, standard error. */
  readonly fd?: number;
  /** Colours in the pretty format; default: on a terminal. */
  readonly colour?: boolean;
  /** Values that must not appear in any line, whatever brought them there; asked for each line. */
  readonly secrets?: () => readonly string[];
}

const SECRET_KEYS = new Set(['authorization', 'cookie', 'password', 'token', 'bearer_token', 'webhook_url', 'secret']);
/** Deeper than any event; what goes round in circles ends there too. */
const DEEPEST = 8;

/**
 * The service's log: one event a line in both formats, written before the call returns. A destination that is full or
 * closed loses lines, never the service.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { level, format, fd = 2, colour = isatty(fd), secrets = () => [] } = options;
  const out = createFdWriter(fd);
  const shape = format === 'json' ? jsonLine : prettyLine(colour);
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // pino's own `redact` costs twelve times the line where a key may stand at any depth.
      formatters: { level: (label) => ({ level: label }), log: withoutSecretKeys },
      serializers: { err: (error) => censored(pino.stdSerializers.err(error)) },
    },
    { write: (line: string) => out.write(shape(withoutSecrets(line, secrets()))) },
  );
}

/** `err` is left to its serializer. */
function withoutSecretKeys({ err, ...event }: Record<string, unknown>): Record<string, unknown> {
  const clean = censored(event) as Record<string, unknown>;
  return err === undefined ? clean : { err, ...clean };
}

/** The same without what stands under the key of a secret. Dates and their like say themselves what they are. */
function censored(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return value;
  if ('toJSON' in value) return value;
  const isList = Array.isArray(value);
  let copy: Record<string, unknown> | null = null;
  for (const [key, inner] of Object.entries(value)) {
    const clean = SECRET_KEYS.has(key) ? '[secret]' : censored(inner, depth + 1);
    if (clean === inner) continue;
    copy ??= (isList ? [...value] : { ...value }) as Record<string, unknown>;
    copy[key] = clean;
  }
  return copy ?? value;
}

/** JSON escapes only some of the control characters; escaped alike, the others stay the same JSON. */
function jsonLine(line: string): string {
  return `${escapeControls(line.trimEnd())}\n`;
}

/**
 * Errors are objects like others here, so that their stack stays on the event's line. The library is loaded only where it
 * is used: a service writes JSON.
 */
function prettyLine(colour: boolean): (line: string) => string {
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty;
  const pretty = prettyFactory({
    colorize: colour,
    colorizeObjects: false,
    singleLine: true,
    errorLikeObjectKeys: [],
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
  });
  return (line) => {
    const event: unknown = JSON.parse(line, (_key, value: unknown) =>
      typeof value === 'string' ? escapeControls(value) : value,
    );
    return `${pretty(withSafeKeys(event)).trimEnd().replaceAll('\n', ' ')}\n`;
  };
}

/** Keys come from our own code nearly always; where they do not, they are escaped like values. */
function withSafeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSafeKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [escapeControls(key), withSafeKeys(inner)]));
}

/** Shorter values are no secrets worth the name, and would garble every line. */
const SHORTEST_SECRET = 6;

function withoutSecrets(line: string, secrets: readonly string[]): string {
  let clean = line;
  for (const secret of secrets) {
    if (secret.length < SHORTEST_SECRET) continue;
    clean = clean.replaceAll(JSON.stringify(secret).slice(1, -1), '[secret]');
  }
  return clean;
}
