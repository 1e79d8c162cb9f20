import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A series of a past that Prometheus is to have had; values may be `NaN`. */
export interface PastSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Oldest first. */
  readonly samples: Iterable<readonly [unixSeconds: number, value: number]>;
}

/**
 * Makes blocks of the past in `folder/prometheus-data`, where `startPrometheus` with the same folder finds them. Series of
 * one name have to follow each other.
 */
export async function writeHistory(folder: string, series: Iterable<PastSeries>): Promise<void> {
  const data = join(folder, 'prometheus-data');
  const text = join(folder, 'history.om');
  mkdirSync(data, { recursive: true });
  const out = createWriteStream(text);
  let named = '';
  for (const { name, labels, samples } of series) {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    let lines = name === named ? '' : `# TYPE ${name} gauge\n`;
    named = name;
    for (const [time, value] of samples) lines += `${name}{${pairs.join(',')}} ${value} ${time}\n`;
    if (!out.write(lines)) await once(out, 'drain');
  }
  out.end('# EOF\n');
  await once(out, 'close');
  // Blocks of two hours, its default, take a second for each day.
  const args = ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', '--max-block-duration=720h', text, data];
  await promisify(execFile)('/usr/bin/promtool', args);
  rmSync(text);
}
