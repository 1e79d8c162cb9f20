/** What is wrong with a body, and where: `alerts[0].labels.alertname`, empty for the body itself. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** The value of an own key; what is only inherited is not there. */
export function own(object: object, key: string): unknown {
  return Object.hasOwn(object, key) ? (object as Record<string, unknown>)[key] : undefined;
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What was found, in a few words that never hold more than a glimpse of the value. */
export function found(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return value === '' ? 'an empty string' : `the string ${glimpse(value)}`;
  return `the ${typeof value} ${String(value)}`;
}

/** The key of an object as a step of a path; keys that are no plain words are quoted, long ones cut. */
export function step(key: string): string {
  return /^[A-Za-z_][\w-]{0,63}$/.test(key) ? `.${key}` : `[${glimpse(key)}]`;
}

const GLIMPSE = 40;

function glimpse(text: string): string {
  const points = Array.from(text.slice(0, 2 * GLIMPSE));
  const cut = points.length > GLIMPSE || text.length > 2 * GLIMPSE;
  return JSON.stringify(cut ? `${points.slice(0, GLIMPSE).join('')}…` : text);
}
