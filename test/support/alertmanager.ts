import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningProgram, startProgram } from './program.ts';
import { tempDir } from './temp.ts';

const PROGRAM = '/usr/bin/prometheus-alertmanager';

/** Whether a real Alertmanager can be started here. */
export const hasAlertmanager = existsSync(PROGRAM);

/**
 * Starts a real Alertmanager with this configuration (YAML) on `port`, by default a free one. It is alone: no cluster,
 * unless `args` say otherwise.
 */
export async function startAlertmanager(options: {
  readonly config: string;
  readonly folder?: string;
  readonly port?: number;
  readonly args?: readonly string[];
}): Promise<RunningProgram> {
  const folder = options.folder ?? tempDir();
  const configFile = join(folder, 'alertmanager.yml');
  const data = join(folder, 'alertmanager-data');
  mkdirSync(data, { recursive: true });
  writeFileSync(configFile, options.config);
  return startProgram(
    PROGRAM,
    [
      `--config.file=${configFile}`,
      `--storage.path=${data}`,
      `--web.listen-address=127.0.0.1:${options.port ?? 0}`,
      ...(options.args ?? ['--cluster.listen-address=']),
    ],
    folder,
  );
}
