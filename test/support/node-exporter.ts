import { existsSync } from 'node:fs';
import { type RunningProgram, startProgram } from './program.ts';

const PROGRAM = '/usr/bin/prometheus-node-exporter';

/** Whether a real node_exporter can be started here. */
export const hasNodeExporter = existsSync(PROGRAM);

/** Starts a real node_exporter on `port`. */
export async function startNodeExporter(port: number): Promise<RunningProgram> {
  return startProgram(PROGRAM, [`--web.listen-address=127.0.0.1:${port}`], '/', '/metrics');
}
