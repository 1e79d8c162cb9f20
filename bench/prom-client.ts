/** A process that renders series with nothing but `prom-client`: one answer, in milliseconds, a message. */
import { Gauge, Registry } from 'prom-client';

const registry = new Registry();
const series = Number(process.argv[2]);
const names = [
  'days_until_critical',
  'confidence',
  'critical_timestamp_seconds',
  'observed_timestamp_seconds',
  'stale',
];
const labelNames = ['prediction_type', 'resource', 'source', 'host'];
const gauges = names.map((name) => new Gauge({ name, help: name, labelNames, registers: [registry] }));

/** As a service would: set to what is known now, then rendered. */
async function render(): Promise<number> {
  const began = performance.now();
  for (let number = 0; number < series; number++) {
    const gauge = gauges[number % gauges.length]!;
    const resource = `/volume-${Math.floor(number / gauges.length)}`;
    gauge.set({ prediction_type: 'disk_exhaustion', resource, source: 'predictions.json', host: 'host-1' }, number / 7);
  }
  await registry.metrics();
  return performance.now() - began;
}

process.on('message', () => void render().then((took) => process.send!(took)));
process.on('disconnect', () => process.exit());
console.log('ready');
