import type { z } from 'zod';
import { HttpProblem } from './problem.ts';

/** Reads against a schema; throws a 400 that lists what is wrong. */
export function check<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new HttpProblem(400, 'bad_request', `the ${what} cannot be used`, issues);
}

/** Reads the query of a URL; a parameter that comes twice is an error. */
export function checkQuery<T extends z.ZodType>(schema: T, url: string): z.output<T> {
  const given: Record<string, string> = Object.create(null);
  const parameters = new URL(url).searchParams;
  for (const [name, value] of parameters) {
    if (name in given) {
      throw new HttpProblem(400, 'bad_request', 'the query cannot be used', [{ path: name, message: 'comes twice' }]);
    }
    given[name] = value;
  }
  return check(schema, { ...given }, 'query');
}
