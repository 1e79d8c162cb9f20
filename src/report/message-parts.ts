export interface Detail {
  readonly name: string;
  /** Text that stays on one line, whatever is in it; or lines. */
  readonly value: string | readonly string[];
}

/** What is said to people about a subject, before any channel's limits and escaping: plain text, parts of it foreign. */
export interface Message {
  readonly tone: 'good' | 'bad' | 'warning' | 'neutral';
  readonly title: string;
  readonly text: string;
  readonly details: readonly Detail[];
  readonly footer: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Path under the service's external URL where more is to be seen. */
  readonly path: string;
}

/** Without those that say nothing. */
export function details(...all: readonly (readonly [name: string, value: Detail['value']])[]): Message['details'] {
  return all.filter(([, value]) => [value].flat().join('').trim() !== '').map(([name, value]) => ({ name, value }));
}

export const onHost = (host: string | null): string => (host === null ? '' : ` on ${host}`);

/** What to type and what to read. `alert`: the section of the runbook. */
export function lookAt(command: string, alert: string): readonly string[] {
  return [command, `docs/runbook.md#${alert.toLowerCase()}`];
}
