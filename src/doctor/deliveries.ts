import type { AlertmanagerFacts, Facts } from './facts.ts';
import { broken, type Finding, note, ok, warning } from './finding.ts';

/** Whether deliveries by webhook go through, by what both sides have counted. */
export function deliveryFindings({ service, test }: Facts, { deliveries, url }: AlertmanagerFacts): readonly Finding[] {
  if (!deliveries.ok) {
    return [note('deliveries', `what was delivered cannot be told: ${deliveries.trouble.message}`)];
  }
  const { requests, failed } = deliveries.value;
  const received = service.metrics.ok ? service.metrics.value.received : null;
  const here =
    received === null
      ? ''
      : `; ${received} firing ${received === 1 ? 'alert' : 'alerts'} arrived here since this service started`;
  if (requests === 0) {
    if (test !== null) return [];
    return [
      note(
        'deliveries',
        'Alertmanager has posted to no webhook since its start',
        'So the token is not proven.',
        'forestall doctor --send-test-alert',
      ),
    ];
  }
  if (failed === 0) return [ok('deliveries', `Alertmanager posted to webhooks ${requests} times, none failed${here}`)];
  const message = `of ${requests} posts of Alertmanager to webhooks ${failed} failed${here}`;
  const change = `# Alertmanager's log says what was answered: 401 is a wrong token, "connection refused" a wrong address\njournalctl -u prometheus-alertmanager | grep 'Notify'   # or the log of ${url}`;
  if (failed >= requests && received === 0) {
    return [broken('deliveries', message, 'No alert gets through: most often a wrong token or address.', change)];
  }
  const why = 'They may have been to other webhooks, or while this service was down.';
  if (failed * 20 <= requests) return [note('deliveries', message, why)];
  return [warning('deliveries', message, why, change)];
}

/** What the test alert came to. */
export function testFindings({ test }: Facts): readonly Finding[] {
  if (test === null) return [];
  const seconds = (milliseconds: number) => `${Math.round(milliseconds / 100) / 10} s`;
  if (test.outcome === 'arrived')
    return [
      ok('test-alert', `the test alert was delivered here after ${seconds(test.after)}: address and token are right`),
    ];
  const why = 'What Alertmanager cannot deliver is never decided on.';
  if (test.outcome === 'not_sent')
    return [
      broken(
        'test-alert',
        `no test alert could be sent: ${test.message}`,
        why,
        'Remedy what is said above, then: forestall doctor --send-test-alert',
      ),
    ];
  const tried = test.failed !== null && test.failed > 0;
  const message = tried
    ? `the test alert did not arrive within ${seconds(test.waited)}: Alertmanager tried, and ${test.failed === 1 ? 'one post' : `${test.failed} posts`} failed`
    : `the test alert did not arrive within ${seconds(test.waited)}, and Alertmanager counted no failure`;
  const change = tried
    ? "# most often the token: the receiver's authorization has to hold that of web.bearer_token_file (or of one of web.tokens)"
    : '# is it silenced, inhibited or muted, or posted elsewhere? amtool alert query forestall_doctor=~".+"';
  return [broken('test-alert', message, why, change)];
}
