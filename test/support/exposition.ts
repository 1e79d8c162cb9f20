export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ExposedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Reads Prometheus' text format as our own service writes it. */
export function readExposition(text: string): readonly ExposedFamily[] {
  const families: (ExposedFamily & { samples: Sample[] })[] = [];
  let help = '';
  for (const line of text.split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment?.[1] === 'HELP') help = comment[3]!;
    else if (comment !== null) families.push({ name: comment[2]!, type: comment[3]!, help, samples: [] });
    else if (line !== '') families.at(-1)!.samples.push(readSample(line));
  }
  return families;
}

function readSample(line: string): Sample {
  const found = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (found === null) throw new Error(`no sample: ${line}`);
  const labels = [...(found[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [
    name!,
    value!.replace(/\\(.)/g, (_all, character: string) => (character === 'n' ? '\n' : character)),
  ]);
  return {
    name: found[1]!,
    labels: Object.fromEntries(labels),
    value: Number(found[3]!.replace(/^\+?Inf$/, 'Infinity')),
  };
}
