import { readFileSync, statSync } from 'node:fs';
import { found, type Issue, type IssuePath, valueAt } from '../mapping/issue.ts';
import type { Secret } from './config.ts';
import { readError } from './document.ts';
import { createSecret } from './secret.ts';

const MAX_BYTES = 65_536;

interface Kind {
  readonly pattern: (value: string) => boolean;
  readonly expected: string;
}

const TOKEN: Kind = {
  pattern: (value) => /^[\x21-\x7e]{1,4096}$/.test(value),
  expected: 'a token of 1 to 4096 printable ASCII characters without blanks',
};

const PASSWORD: Kind = {
  pattern: (value) => value !== '' && value.length <= 4096 && !/[\0\r\n]/.test(value),
  expected: 'a password on one line, of at most 4096 characters',
};

const WEBHOOK: Kind = {
  pattern: (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
  expected: 'the https URL of a Discord webhook',
};

interface Secrets {
  readonly bearer_token: Secret | null;
  /** Of `web.tokens`, in their order; null for one that cannot be used. */
  readonly tokens: readonly (Secret | null)[];
  readonly webhook_url: Secret | null;
  readonly store_password: Secret | null;
  readonly issues: readonly Issue[];
}

/** The secrets that forestall.yaml holds or names a file for. `locate` makes the path of such a file absolute. */
export function readSecrets(document: unknown, locate: (path: string) => string): Secrets {
  const issues: Issue[] = [];
  const bearer_token = readSecret(document, ['web', 'bearer_token'], TOKEN, locate, issues);
  const tokens = readTokens(document, bearer_token, locate, issues);
  const webhook_url = readSecret(document, ['discord', 'webhook_url'], WEBHOOK, locate, issues);
  const store_password = readSecret(document, ['store_password'], PASSWORD, locate, issues);
  const discord = valueAt(document, ['discord']);
  const named = ['webhook_url', 'webhook_url_file'].some((key) => valueAt(discord, [key]) !== undefined);
  if (typeof discord === 'object' && discord !== null && !Array.isArray(discord) && !named) {
    const message = 'missing, expected webhook_url_file or webhook_url: set one, or remove discord';
    issues.push({ path: ['discord', 'webhook_url_file'], on: 'value', message });
  }
  return { bearer_token, tokens, webhook_url, store_password, issues };
}

/** Names and values are unique: a value that two have would not tell which role it is good for. */
function readTokens(
  document: unknown,
  bearer: Secret | null,
  locate: (path: string) => string,
  issues: Issue[],
): readonly (Secret | null)[] {
  const given = valueAt(document, ['web', 'tokens']);
  if (!Array.isArray(given)) return [];
  const names = new Set<unknown>();
  const values = new Set(bearer === null ? [] : [bearer.reveal()]);
  return given.map((_token, at) => {
    const path = ['web', 'tokens', at];
    const name = valueAt(document, [...path, 'name']);
    if (typeof name === 'string' && names.has(name)) {
      issues.push({ path: [...path, 'name'], on: 'value', message: `found ${found(name)} a second time: rename one` });
    }
    names.add(name);
    const key = ['token', 'token_file'].find((candidate) => valueAt(document, [...path, candidate]) !== undefined);
    if (key === undefined) {
      issues.push({ path: [...path, 'token_file'], on: 'value', message: 'missing, expected token_file or token' });
      return null;
    }
    const secret = readSecret(document, [...path, 'token'], TOKEN, locate, issues);
    if (secret !== null && values.has(secret.reveal())) {
      const message = 'is the same as that of another token: make a new one';
      issues.push({ path: [...path, key], on: 'value', message });
    }
    if (secret !== null) values.add(secret.reveal());
    return secret;
  });
}

/** Secrets that stand in the file itself, and what may be one: their values never show in a message. */
export function isSecretPath(path: IssuePath): boolean {
  const [root, second, third] = path;
  if (root === 'store' || root === 'store_password') return true;
  if (root === 'playbooks') return third === 'env';
  if (root === 'web' && second === 'tokens') return path[3] === 'token';
  return (root === 'web' && second === 'bearer_token') || (root === 'discord' && second === 'webhook_url');
}

function readSecret(
  document: unknown,
  path: IssuePath,
  kind: Kind,
  locate: (path: string) => string,
  issues: Issue[],
): Secret | null {
  const key = String(path.at(-1));
  const filePath = [...path.slice(0, -1), `${key}_file`];
  const value = valueAt(document, path);
  const file = valueAt(document, filePath);
  const refuse = (at: IssuePath, message: string) => {
    issues.push({ path: at, on: 'value', message });
    return null;
  };
  if (value !== undefined && file !== undefined) {
    return refuse(filePath, `found both ${key} and ${key}_file, expected one: remove ${key}`);
  }
  if (typeof value === 'string') {
    // The shape says that an empty text is wrong.
    if (kind.pattern(value)) return createSecret(value);
    return value === '' ? null : refuse(path, `found something else, expected ${kind.expected}`);
  }
  if (typeof file !== 'string' || file === '') return null;
  const content = readSecretFile(locate(file));
  if ('problem' in content) return refuse(filePath, `found ${found(file)}: ${content.problem}`);
  if (kind.pattern(content.text)) return createSecret(content.text);
  return refuse(filePath, `found ${found(file)}, whose content is something else, expected ${kind.expected}`);
}

/** The password that a file holds. */
export function readPasswordFile(file: string): Secret | { readonly problem: string } {
  const content = readSecretFile(file);
  if ('problem' in content) return content;
  return PASSWORD.pattern(content.text)
    ? createSecret(content.text)
    : { problem: `its content is something else, expected ${PASSWORD.expected}` };
}

function readSecretFile(file: string): { readonly text: string } | { readonly problem: string } {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) return { problem: 'it is not a file' };
    if (stat.size > MAX_BYTES) return { problem: `it is longer than ${MAX_BYTES} bytes` };
    const text = readFileSync(file, 'utf8').replace(/[\r\n]+$/, '');
    return text === '' ? { problem: 'the file is empty: write the secret into it' } : { text };
  } catch (error) {
    return { problem: `${readError(error)}: create it with the secret as its only line, readable by this user` };
  }
}
