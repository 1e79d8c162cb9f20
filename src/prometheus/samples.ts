import type { Sample } from './client.ts';

/** The samples of one family in the text exposition format; its labels without their order. */
export function samplesOf(exposition: string, name: string): readonly Sample[] {
  return exposition.split('\n').flatMap((line) => {
    if (!line.startsWith(name)) return [];
    const parts = /^[\w:]+(?:\{(.*)\})?\s+(\S+)/.exec(line);
    if (parts === null || !/^[{\s]/.test(line.slice(name.length))) return [];
    return [{ labels: labelsIn(parts[1] ?? ''), value: Number(parts[2]) }];
  });
}

export function sumOf(samples: readonly Sample[], labels: Readonly<Record<string, string>> = {}): number {
  const wanted = samples.filter((sample) =>
    Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  return wanted.reduce((sum, { value }) => sum + value, 0);
}

function labelsIn(text: string): Sample['labels'] {
  const labels: Record<string, string> = Object.create(null);
  for (const [, name, value] of text.matchAll(/(\w+)="((?:\\.|[^"\\])*)"/g)) {
    labels[name!] = value!.replace(/\\(.)/g, (_whole, character) => (character === 'n' ? '\n' : character));
  }
  return labels;
}
