import { alertBody, DISK, type Home, makeHome, RECORDING_PLAYBOOK, type Service, startService } from './service.ts';
import { eventually } from './wait.ts';

const WAIT = { timeout: 30_000, interval: 50 };

export interface LivingService {
  readonly home: Home;
  readonly service: Service;
  /** What `/metrics` says now. */
  metrics(): Promise<string>;
}

/**
 * A real service that has lived: runs that succeeded and failed, refusals, an execution that waits for a person, resolved
 * alerts, predictions with a host and without, fresh, stale and without a crossing, and a second source that is not there.
 */
export async function startLivingService(
  /** Called before it lives: what is to see its counters grow begins here. */
  before: (home: Home, service: Service) => Promise<void> = async () => {},
  execution: object = {},
): Promise<LivingService> {
  const home = makeHome({
    config: (document: any) => ({
      ...document,
      execution,
      predictions: { files: ['predictions.json', 'not-there.json'] },
      playbooks: {
        ...document.playbooks,
        failing: {
          ...document.playbooks.recording,
          env: { ...document.playbooks.recording.env, EXIT_RUN: '1' },
        },
        confirmed: { ...document.playbooks.recording, run: [RECORDING_PLAYBOOK, '{resource}'] },
      },
    }),
    mapping: (document) => {
      const [first] = document.mappings;
      const mapping = (filter: string, action: object) => ({
        ...first,
        resource_filter: filter,
        action: { ...first.action, ...action },
      });
      return {
        ...document,
        mappings: [
          first,
          mapping('/fails', { playbook: 'failing', cooldown_hours: 0 }),
          mapping('/asks', { playbook: 'confirmed', require_confirmation: true }),
          {
            ...mapping('*', { playbook: 'confirmed' }),
            prediction_type: 'service_drift',
            conditions: { min_confidence: 0.8 },
          },
        ],
      };
    },
  });
  home.writePredictions([
    DISK,
    { ...DISK, resource: '/fails', host: 'nas' },
    { ...DISK, resource: '/asks' },
    { ...DISK, resource: '/never', days_until_critical: null },
    { ...DISK, resource: '/old', observed_at: new Date(Date.now() - 3 * 86_400_000).toISOString() },
  ]);
  const service = await startService(home);
  await before(home, service);
  const post = (labels: Record<string, string>, more = {}) => service.post('/webhook', alertBody(labels, more));
  // By what is on record and not by the answer: an Alertmanager may have asked first.
  const becomes = (playbook: string, state: string) =>
    eventually(
      async () => (await service.json(`/api/v1/executions?playbook=${playbook}&state=${state}`)).items[0],
      WAIT,
    );

  await post({});
  await becomes('recording', 'succeeded');
  await post({ resource: '/fails', host: 'nas' });
  await becomes('failing', 'failed');
  await post({ resource: '/asks' });
  await becomes('confirmed', 'awaiting_approval');
  await post({});
  await post({ resource: '/old' });
  await post({ resource: '/nobody' });
  await post({}, { status: 'resolved', endsAt: new Date().toISOString() });
  await service.post('/api/v1/predictions?mode=publish', { ...DISK, resource: '/by-hand' });
  const metrics = async () => await (await service.get('/metrics')).text();
  await eventually(async () => /channel="context_log",result="delivered"\} [2-9]/.test(await metrics()), WAIT);
  return { home, service, metrics };
}
