import { SKEW } from '../rules.ts';
import type { SampleStore } from '../stores.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

export function sqliteSamples({
  reader,
  writer,
  now,
}: {
  readonly reader: Reader;
  readonly writer: Writer;
  readonly now: () => number;
}): SampleStore {
  return {
    add: (samples) => writer.call('addSamples', { samples, now: now() }),
    since: (series, from) =>
      reader.read((sql) => {
        const rows = sql('SELECT at, value FROM samples WHERE series = ? AND at >= ? AND at <= ? ORDER BY at').all(
          series,
          from,
          now() + SKEW,
        ) as unknown as { at: number; value: number }[];
        return rows.map(({ at, value }) => [at, value] as const);
      }),
  };
}
