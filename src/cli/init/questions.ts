import { createInterface } from 'node:readline/promises';
import { CommandError, NO } from '../context.ts';
import type { Choices } from './choices.ts';

interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** Goes through what was found, on a terminal. An empty answer takes it; `-` is none. Rejects where the input ends. */
export async function ask(suggested: Choices, { input, output }: Terminal): Promise<Choices> {
  const ended = new AbortController();
  const lines = createInterface({ input, output });
  lines.once('close', () => ended.abort());
  const answerTo = async (question: string): Promise<string> => {
    try {
      return (await lines.question(`${question}: `, { signal: ended.signal })).trim();
    } catch {
      throw new CommandError('\nno answer: nothing was written', NO);
    }
  };

  /** Asks again until the answer is one; `read` gives the value, or a sentence about what is wrong with the answer. */
  async function askFor<T>(question: string, shown: string, value: T, read: (answer: string) => T | Error): Promise<T> {
    for (;;) {
      const answer = await answerTo(`${question} [${shown}]`);
      if (answer === '') return value;
      const found = read(answer);
      if (!(found instanceof Error)) return found;
      output.write(`${found.message}\n`);
    }
  }
  const askYes = (question: string, value: boolean) => askFor(question, value ? 'Y/n' : 'y/N', value, readYes);
  const askUrl = (name: string, value: string | null) =>
    askFor(`${name}, or - for none`, value ?? 'none answers here', value, readUrl);

  try {
    const mountPoints = await askFor(
      'Mount points to keep from filling up, with a comma between them',
      suggested.mountPoints.join(', '),
      suggested.mountPoints,
      readPaths,
    );
    const prometheus = await askUrl('Prometheus', suggested.prometheus);
    const alertmanager = await askUrl('Alertmanager', suggested.alertmanager);
    const systemd = await askYes('Units for systemd', suggested.systemd);
    if (!(await askYes(`Write to ${suggested.directory}`, true))) throw new CommandError('nothing was written', NO);
    return { ...suggested, mountPoints, prometheus, alertmanager, systemd };
  } finally {
    lines.close();
  }
}

function readYes(answer: string): boolean | Error {
  if (/^y(?:es)?$/i.test(answer)) return true;
  return /^no?$/i.test(answer) ? false : new Error('y or n, please');
}

function readUrl(answer: string): string | null | Error {
  return answer === '-' ? null : (readAddress(answer) ?? new Error('a URL such as http://127.0.0.1:9090, please'));
}

function readPaths(answer: string): readonly string[] | Error {
  if (answer === '-') return [];
  const paths = [...new Set(answer.split(',').map((path) => path.trim()))];
  const isPath = (path: string) => /^\/[^\p{C}\p{Zl}\p{Zp}*?]{0,1023}$/u.test(path);
  return paths.every(isPath) ? paths : new Error('absolute paths such as /, /srv, please');
}

/** An http or https URL without a name, a password or a slash at its end; null for anything else. */
export function readAddress(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username + password + search + hash === '' ? text.replace(/\/+$/, '') : null;
}
