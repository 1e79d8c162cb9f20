import { z } from 'zod';
import { formatDuration, parseDuration } from './duration.ts';
import { found, type Issue, type IssuePath, valueAt } from './issue.ts';
import { nearest } from './suggest.ts';

/*
 * Schema parts whose error text is what is *expected*; `checkShape` adds what was found and what to do. Nothing here
 * coerces: "true" is not true and "3" is not 3.
 */

/** A map with exactly these keys. */
export function section<S extends z.ZodRawShape>(shape: S) {
  const allowed = Object.keys(shape).join(',');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? allowed : 'a map of keys and values'),
  });
}

/** A map whose keys are names that the user gives. */
export function named<V extends z.ZodType>(key: { pattern: RegExp; expected: string }, value: V) {
  return z.record(z.string().regex(key.pattern), value, {
    error: (issue) => (issue.code === 'invalid_key' ? key.expected : 'a map of keys and values'),
  });
}

export function list<V extends z.ZodType>(value: V, expected: string, least = 0) {
  return z.array(value, { error: expected }).min(least, { error: expected }).max(10_000, { error: expected });
}

export function text(expected: string, pattern = /^[^\0]+$/) {
  return z.string({ error: expected }).regex(pattern, { error: expected });
}

export function flag() {
  return z.boolean({ error: 'true or false' });
}

export function number(least: number, most: number) {
  const error = `a number from ${least} to ${most}`;
  return z.number({ error }).min(least, { error }).max(most, { error });
}

export function count(least: number, most: number) {
  const error = `a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

/** A Prometheus duration; milliseconds come out. */
export function duration(least: string, most: string) {
  const bounds = [least, most].map((bound) => parseDuration(bound) ?? Number.NaN) as [number, number];
  const error = `a duration from ${least} to ${most} such as 90s, 30m, 1h30m or 7d`;
  return z.string({ error }).transform((written, context) => {
    const milliseconds = parseDuration(written);
    if (milliseconds !== null && milliseconds >= bounds[0] && milliseconds <= bounds[1]) return milliseconds;
    context.addIssue({ code: 'custom', message: error });
    return z.NEVER;
  });
}

/** A text that `read` understands; null from it is "not that". */
export function readable<T>(expected: string, read: (written: string) => T | null) {
  return z.string({ error: expected }).transform((written, context) => {
    const value = read(written);
    if (value !== null) return value;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  });
}

/**
 * Every problem of a value against a schema made of the parts above. `written` is the value before expansion, which is
 * what messages show; values at a path that `isSecret` names are never shown.
 */
export function checkShape<T>(
  schema: z.ZodType<T>,
  value: unknown,
  written: unknown = value,
  isSecret: (path: IssuePath) => boolean = () => false,
): { readonly value: T | null; readonly issues: readonly Issue[] } {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data, issues: [] };
  const issues = parsed.error.issues.flatMap((issue): Issue[] => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey(path, key, issue.message.split(',')));
    }
    if (issue.code === 'invalid_key') {
      return [{ path, on: 'key', message: `found the name ${found(path.at(-1))}, expected ${issue.message}` }];
    }
    const here = valueAt(written, path);
    if (here === undefined) return [{ path, on: 'value', message: `missing, expected ${issue.message}` }];
    const what = `found ${found(here, isSecret(path))}, expected ${issue.message}`;
    const advice = issue.code === 'invalid_type' ? adviceFor(here, issue.expected, issue.message) : null;
    return [{ path, on: 'value', message: advice === null ? what : `${what}: ${advice}` }];
  });
  return { value: null, issues };
}

function unknownKey(path: IssuePath, key: string, allowed: readonly string[]): Issue {
  const meant = nearest(key, allowed);
  const advice =
    meant === null ? `remove it; known here: ${allowed.join(', ')}` : `did you mean ${JSON.stringify(meant)}?`;
  return { path: [...path, key], on: 'key', message: `unknown key ${found(key)}: ${advice}` };
}

function adviceFor(value: unknown, expected: string, message: string): string | null {
  if (typeof value === 'string') {
    const plain = value.trim();
    if (expected === 'boolean' && /^(true|false)$/i.test(plain)) return `write ${plain.toLowerCase()} without quotes`;
    if ((expected === 'number' || expected === 'int') && plain !== '' && Number.isFinite(Number(plain))) {
      return `write ${Number(plain)} without quotes`;
    }
  }
  if (expected !== 'string') return null;
  if (typeof value === 'number' && message.startsWith('a duration')) {
    return Number.isInteger(value) && value >= 0
      ? `write the unit, as in ${formatDuration(value * 1000)}`
      : 'write the unit';
  }
  return typeof value === 'number' || typeof value === 'boolean' ? 'put it in quotes' : null;
}
