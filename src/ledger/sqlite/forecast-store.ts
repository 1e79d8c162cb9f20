import type { ForecastStore, KeptForecast } from '../stores.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** So many are written in one transaction: others get their turn in between. */
const CHUNK = 500;

export function sqliteForecasts({
  reader,
  writer,
}: {
  readonly reader: Reader;
  readonly writer: Writer;
}): ForecastStore {
  return {
    async replace(source, at, entries) {
      for (let from = 0; from < entries.length; from += CHUNK) {
        await writer.call('keepForecasts', { source, at, entries: entries.slice(from, from + CHUNK) });
      }
      await writer.call('endForecasts', { source, at });
    },
    of: (source) =>
      reader.read((sql) => {
        const rows = sql('SELECT at, target, body FROM forecasts WHERE source = ? ORDER BY target').all(
          source,
        ) as unknown as (KeptForecast & { at: number })[];
        return rows.map(({ at, target, body }) => ({ at, target, body }));
      }),
  };
}
