import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Facts, TestDelivery } from '../../doctor/facts.ts';
import { testAlert } from '../../doctor/test-alert.ts';
import { createAlertmanagerState } from '../../prometheus/alertmanager-state.ts';
import type { OwnService } from './service.ts';

const EVERY = 250;
/** Beyond what Alertmanager may hold it for. */
const PATIENCE = 15_000;
const LONGEST = 10 * 60_000;
/** After a delivery that failed; a second one would follow soon where it is tried again. */
const AFTER_FAILURE = 3_000;
/** The alert ends by itself after this. */
const LIFE = 60_000;

/** Posts one harmless alert to Alertmanager and waits until this service has counted it. Never rejects. */
export async function sendTestAlert(
  facts: Facts,
  options: { readonly url: string; readonly timeout: number },
  service: OwnService,
): Promise<TestDelivery> {
  const refuse = (message: string): TestDelivery => ({ outcome: 'not_sent', message });
  const { alertmanager } = facts;
  if (alertmanager === null || !alertmanager.config.ok) return refuse('Alertmanager does not say what its routes are');
  const alert = testAlert(facts, alertmanager.config.value, randomBytes(4).toString('hex'));
  if (alert === null) return refuse('no route leads here');
  const state = createAlertmanagerState(options);
  const failures = async () => {
    const counts = await state.counts();
    return counts.ok ? counts.value.deliveries.failed : null;
  };
  const [before, failedBefore] = [await service.counts(), await failures()];
  if (before === null) return refuse('this service does not show its metrics, so that its arrival could not be seen');

  const now = Date.now();
  const posted = await state.post([
    {
      labels: alert.labels,
      annotations: { summary: 'A test by forestall doctor: nothing is wrong, nothing has to be done.' },
      startsAt: new Date(now).toISOString(),
      endsAt: new Date(now + LIFE + alert.held).toISOString(),
    },
  ]);
  if (!posted.ok) return refuse(posted.trouble.message);

  const started = performance.now();
  const waited = () => performance.now() - started;
  let failedAt: number | null = null;
  let failed: number | null = null;
  while (waited() < Math.min(LONGEST, alert.held + PATIENCE)) {
    await sleep(EVERY);
    const counts = await service.counts();
    if (counts !== null && counts.received > before.received && counts.ignored > before.ignored) {
      return { outcome: 'arrived', after: waited() };
    }
    const failedNow = await failures();
    failed = failedNow === null || failedBefore === null ? null : failedNow - failedBefore;
    if (failed !== null && failed > 0) failedAt ??= waited();
    if (failedAt !== null && waited() - failedAt > AFTER_FAILURE) break;
  }
  return { outcome: 'lost', waited: waited(), failed };
}
