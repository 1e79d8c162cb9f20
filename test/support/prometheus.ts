import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningProgram, startProgram } from './program.ts';
import { tempDir } from './temp.ts';

const PROGRAM = '/usr/bin/prometheus';

/** Whether a real Prometheus can be started here. */
export const hasPrometheus = existsSync(PROGRAM);

/** What an instant query answers: its samples. */
export async function query({ url }: Pick<RunningProgram, 'url'>, expression: string): Promise<any[]> {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { status, data, error } = (await answer.json()) as any;
  if (status !== 'success') throw new Error(`${error}: ${expression}`);
  return data.result;
}

/**
 * Starts a real Prometheus with this configuration (YAML; relative rule files are found in `folder`) on `port`, by default
 * a free one. Reloads by POST `/-/reload`.
 */
export async function startPrometheus(options: {
  readonly config: string;
  readonly folder?: string;
  readonly port?: number;
  readonly args?: readonly string[];
}): Promise<RunningProgram> {
  const folder = options.folder ?? tempDir();
  const configFile = join(folder, 'prometheus.yml');
  const data = join(folder, 'prometheus-data');
  mkdirSync(data, { recursive: true });
  writeFileSync(configFile, options.config);
  return startProgram(
    PROGRAM,
    [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${options.port ?? 0}`,
      '--web.enable-lifecycle',
      ...(options.args ?? []),
    ],
    folder,
  );
}
