import { shown } from './shown.ts';

/** A value's own property, never one of its prototype's. */
export function own(object: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The path of a key below a path; foreign keys are shown safely and short. */
export function at(path: string, key: string): string {
  const name = /^[\w-]{1,60}$/.test(key) ? key : shown(key, 40);
  return path === '' ? name : `${path}.${name}`;
}
