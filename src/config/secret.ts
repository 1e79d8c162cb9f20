import type { Secret } from './config.ts';

const SHOWN = '[secret]';
const shown = () => SHOWN;

/** A value that `String`, template literals, `JSON.stringify` and `util.inspect` show as `[secret]`. */
export function createSecret(value: string): Secret {
  const secret = {
    reveal: () => value,
    toString: shown,
    toJSON: shown,
    [Symbol.toPrimitive]: shown,
    [Symbol.for('nodejs.util.inspect.custom')]: shown,
  };
  return Object.freeze(secret);
}
