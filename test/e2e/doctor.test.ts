import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { hasAlertmanager } from '../support/alertmanager.ts';
import { closedLoop, finding, type Loop } from '../support/closed-loop.ts';
import { freePort, listen } from '../support/http.ts';
import { hasPrometheus } from '../support/prometheus.ts';
import { forestall, TOKEN } from '../support/service.ts';

vi.setConfig({ testTimeout: 40_000, hookTimeout: 120_000 });

const installed = hasPrometheus && hasAlertmanager;
if (!installed) {
  console.error(
    '\n*** Prometheus and Alertmanager are not installed: THE DOCTOR IS NOT TESTED (apt install them) ***\n',
  );
}
it('the doctor can be tested wherever it has to be', () =>
  expect(installed || process.env['CI'] !== 'true').toBe(true));

type Fault = readonly [what: string, change: (config: any) => void, wrong: readonly string[], says: RegExp];

const hook = (config: any) => config.receivers[1].webhook_configs[0];
const route = (config: any) => config.route.routes[0];

describe.runIf(installed)('with the real Prometheus and Alertmanager', () => {
  let loop: Loop;
  beforeAll(async () => {
    loop = await closedLoop();
  });

  it('finds nothing wrong with a loop that is closed, and says so with exit code 0', async () => {
    const { code, stdout, stderr } = await forestall(['doctor', '--config', loop.home.config, '--send-test-alert']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/\nok +the test alert was delivered here after [\d.]+ s: address and token are right\n/);
    expect(stdout).toMatch(/\n\nthe loop is closed\n$/);
    expect(stdout).not.toMatch(/^(?:BROKEN|warning)/m);
    expect(stdout).not.toContain(TOKEN);
    expect(loop.home.records()).toEqual([]);
  });

  describe('a fault of Alertmanager', () => {
    const faults: readonly Fault[] = [
      [
        'no route',
        (config) => (config.route.routes = []),
        ['broken route-missing'],
        /matchers: \['remediation="proactive"'\].*\n +receiver: "forestall"/,
      ],
      [
        'a route in front of ours',
        (config) => config.route.routes.unshift({ match_re: { alertname: '.*Predicted' }, receiver: 'people' }),
        ['broken route-missing'],
        /in front of the routes/,
      ],
      [
        'no receiver that posts here',
        (config) => (hook(config).url = 'http://127.0.0.1:9/webhook'),
        ['broken route-receiver'],
        /url: http:\/\/127\.0\.0\.1:\d+\/webhook/,
      ],
      [
        'another path',
        (config) => (hook(config).url = hook(config).url.replace('/webhook', '/api/webhook')),
        ['broken webhook-path'],
        /\/webhook\n/,
      ],
      [
        'a name that says nothing',
        (config) => (hook(config).url = hook(config).url.replace('127.0.0.1', 'fix.example')),
        ['warning webhook-unsure'],
        /--send-test-alert/,
      ],
      [
        'no token',
        (config) => delete hook(config).http_config,
        ['broken receiver-token'],
        /authorization:\n +credentials_file:/,
      ],
      [
        'another kind of credential',
        (config) => (hook(config).http_config.authorization.type = 'Token'),
        ['broken receiver-token'],
        /authorization:/,
      ],
      [
        'nothing for people',
        (config) => delete config.receivers[0].webhook_configs,
        ['broken people'],
        /receiver: people/,
      ],
      [
        'urgent alerts for us only',
        (config) => (config.route.receiver = 'forestall'),
        ['warning people'],
        /remediation="manual"/,
      ],
      [
        'groups over resources',
        (config) => (route(config).group_by = ['alertname', 'host']),
        ['warning group-by'],
        /at route\.routes\[0\]\ngroup_by: \[alertname, prediction_type, resource, host\]/,
      ],
      [
        'a repetition that is only noise',
        (config) => (route(config).repeat_interval = '30m'),
        ['warning repeat-interval'],
        /repeat_interval: 2d$/,
      ],
      [
        'a repetition that comes too late',
        (config) => (route(config).repeat_interval = '12d'),
        ['warning repeat-interval'],
        /repeat_interval: 2d$/,
      ],
      [
        'long waits',
        (config) => Object.assign(route(config), { group_wait: '1h', group_interval: '5h' }),
        ['warning group-wait', 'warning group-interval'],
        /group_wait: 10s/,
      ],
      [
        'no resolved',
        (config) => (hook(config).send_resolved = false),
        ['warning send-resolved'],
        /send_resolved: true/,
      ],
      ['cut off', (config) => (hook(config).max_alerts = 1), ['warning max-alerts'], /max_alerts: 0/],
      [
        'a proxy',
        (config) => (hook(config).http_config.proxy_url = 'http://127.0.0.1:9'),
        ['warning webhook-proxy'],
        /proxy_url/,
      ],
      [
        'no inhibition',
        (config) => delete config.inhibit_rules,
        ['warning inhibition'],
        /equal: \[prediction_type, resource, host\]/,
      ],
      [
        'inhibition of everything',
        (config) => delete config.inhibit_rules[0].equal,
        ['warning inhibition-wide'],
        /equal: \[prediction_type, resource, host\]/,
      ],
    ];
    it.for(faults)('%s', async ([_what, change, wrong, says]) => {
      await loop.setAlertmanager(change);
      const diagnosis = await loop.findsOnly(...wrong);
      expect(diagnosis.code).toBe(wrong.some((one) => one.startsWith('broken')) ? 1 : 0);
      expect(finding(diagnosis, wrong[0]!.split(' ')[1]!).change).toMatch(says);
    });

    it('that check --probe warns of as well', async () => {
      const told = async () => (await forestall(['check', '--probe', '--config', loop.home.config])).stdout;
      await loop.setAlertmanager((config) => (route(config).repeat_interval = '12d'));
      await loop.findsOnly('warning repeat-interval');
      expect(await told()).toMatch(
        /^warning {2}.*says an alert again only after 12 d; the narrowest window is 11 d wide\. What/m,
      );
      await loop.setAlertmanager();
      await loop.findsOnly();
      expect(await told()).not.toContain('says an alert again');
    });

    it('a configuration that cannot be loaded', async () => {
      await loop.setAlertmanager();
      await loop.findsOnly();
      await loop.setAlertmanager((config) => delete config.route.receiver);
      const diagnosis = await loop.findsOnly('warning config-not-reloaded');
      expect(finding(diagnosis, 'config-not-reloaded').change).toMatch(/amtool check-config/);
    });

    it('ways that are right too', async () => {
      await loop.setAlertmanager((config) => {
        config.route.routes = [
          { match: { severity: 'none' }, receiver: 'people' },
          { receiver: 'people', continue: true, matchers: ['severity=~"warning|critical"'] },
          {
            match_re: { prediction_type: '.+' },
            group_by: ['...'],
            repeat_interval: '2d',
            routes: [{ match: { remediation: 'proactive' }, receiver: 'forestall' }],
          },
        ];
        hook(config).url = hook(config)
          .url.replace('http://', 'http://anna:password-of-anna@')
          .replace('127.0.0.1', 'localhost');
        delete hook(config).http_config;
      });
      const diagnosis = await loop.findsOnly();
      expect(finding(diagnosis, 'route').message).toContain('route.routes[2].routes[0]');
      expect(diagnosis.text).not.toContain('password-of-anna');
    });

    it('times at which nothing is delivered are told', async () => {
      await loop.setAlertmanager((config) => {
        config.time_intervals = [
          { name: 'nights', time_intervals: [{ times: [{ start_time: '22:00', end_time: '24:00' }] }] },
        ];
        route(config).mute_time_intervals = ['nights'];
      });
      expect(finding(await loop.findsOnly(), 'timing').kind).toBe('ok');
      expect(finding(await loop.doctor(), 'time-intervals').message).toMatch(/nights/);
    });

    it('a silence', async () => {
      await loop.setAlertmanager();
      const silences = `${loop.alertmanager.url}/api/v2/silences`;
      const body = {
        matchers: [{ name: 'resource', value: '/da.*', isRegex: true, isEqual: true }],
        startsAt: new Date().toISOString(),
        endsAt: new Date(Date.now() + 3_600_000).toISOString(),
        createdBy: 'anna',
        comment: 'moving the disk',
      };
      const headers = { 'content-type': 'application/json' };
      const { silenceID } = (await (
        await fetch(silences, { method: 'POST', headers, body: JSON.stringify(body) })
      ).json()) as any;
      const found = finding(await loop.findsOnly('warning silenced'), 'silenced');
      expect(found.message).toMatch(/DiskExhaustionPredicted \(\/data on nas\).* by anna .*moving the disk$/);
      expect(found.change).toContain(`amtool silence expire ${silenceID}`);
      await fetch(`${loop.alertmanager.url}/api/v2/silence/${silenceID}`, { method: 'DELETE' });
      await loop.findsOnly();
    });

    it('a token file that holds another token', async () => {
      const file = join(loop.home.folder, 'token-of-alertmanager');
      writeFileSync(file, `${TOKEN}\n`);
      await loop.setAlertmanager((config) => (hook(config).http_config.authorization = { credentials_file: file }));
      await loop.findsOnly();
      writeFileSync(file, 'another-token-entirely\n');
      const found = finding(await loop.findsOnly('broken receiver-token'), 'receiver-token');
      expect(found.message).toContain(file);
      expect(`${found.message}${found.change}`).not.toContain('another-token-entirely');
    });
  });

  describe('what the service and its configuration say', () => {
    beforeAll(async () => {
      await loop.setAlertmanager();
      await loop.setPrometheus();
      await loop.findsOnly();
    });

    it('pause, dry run mode and kill switch are notes', async () => {
      await loop.service.post('/api/v1/pause', { name: 'move', reason: 'new disks' });
      const set = (dry_run_mode: boolean, enable_auto_remediation: boolean) =>
        loop.home.writeMapping((mapping) => ({
          ...mapping,
          global_settings: { ...mapping.global_settings, dry_run_mode, enable_auto_remediation },
        }));
      set(true, false);
      const { code, findings } = await loop.findsOnly();
      expect(code).toBe(0);
      const notes = findings.filter(({ id }) => id.startsWith('mode-'));
      expect(notes.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
        'note mode-disabled',
        'note mode-paused',
        'note mode-dry-run',
      ]);
      expect(notes[1]!.message).toContain('move: new disks');
      set(false, true);
      await loop.service.post('/api/v1/resume', { all: true });
    });

    /** With other places to ask; null is none. */
    const withUrls = async (urls: Record<string, { url: string } | null>, check: () => Promise<void>) => {
      const before = { prometheus: { url: loop.prometheus.url }, alertmanager: { url: loop.alertmanager.url } };
      const set = (changed: object) =>
        loop.home.writeConfig((config) =>
          Object.fromEntries(Object.entries({ ...config, ...changed }).filter(([, value]) => value !== null)),
        );
      set(urls);
      try {
        await check();
      } finally {
        set(before);
      }
    };

    it.for(['prometheus', 'alertmanager'] as const)('each way in which %s does not answer', async (server) => {
      const answering = async (status: number, text: string) =>
        (await listen((_request, response) => void response.writeHead(status).end(text))).url;
      const ways = [
        [null, /is not set/, /url: http/],
        [`http://127.0.0.1:${await freePort()}`, /could not be asked: connect ECONNREFUSED/, /start it/],
        [await answering(401, 'no'), /answered 401: it wants credentials/, /takes none: let this machine ask without/],
        [
          await answering(200, '<html>'),
          /in another form than expected: no JSON: is this its URL/,
          /something else answers/,
        ],
        [await answering(404, '{}'), /answered 404/, /PREFIX/],
      ] as const;
      for (const [url, says, change] of ways) {
        await withUrls({ [server]: url === null ? null : { url } }, async () => {
          const { code, findings } = await loop.doctor();
          const found = findings.find(({ id, kind }) => id === server && kind === 'broken');
          expect([code, found?.message]).toEqual([1, expect.stringMatching(says)]);
          expect(found!.change).toMatch(change);
        });
      }
    });

    it('servers that are silent are given up', async () => {
      const { url } = await listen(() => {});
      await withUrls({ prometheus: { url }, alertmanager: { url } }, async () => {
        const { wrong, findings } = await loop.doctor();
        expect(wrong).toEqual(['broken prometheus', 'broken alertmanager']);
        for (const found of findings.filter(({ kind }) => kind === 'broken')) {
          expect(found.message).toMatch(/did not answer within 5 s$/);
          expect(found.change).toMatch(/firewall/);
        }
      });
    });

    it('a service that runs with another token, and one that does not run', async () => {
      const change = (bearer_token: string) =>
        loop.home.writeConfig((config: any) => ({ ...config, web: { ...config.web, bearer_token } }));
      change('another-token-of-the-file');
      const diagnosis = await loop.doctor();
      expect(diagnosis.wrong).toEqual(['broken service-token']);
      expect(diagnosis.text).not.toContain('another-token-of-the-file');
      change(TOKEN);

      await loop.setAlertmanager((config) => (hook(config).http_config.authorization.credentials = 'wrong'));
      const lost = await loop.doctor({ sendTestAlert: true });
      expect(lost.wrong).toEqual(expect.arrayContaining(['broken test-alert']));
      expect(finding(lost, 'test-alert').message).toMatch(/did not arrive within .*: Alertmanager tried/);

      await loop.service.stop();
      const { code, findings } = await loop.findsOnly('broken service', 'broken scrape-down', 'warning deliveries');
      expect([code, findings[0]!.change]).toEqual([1, expect.stringContaining('forestall serve')]);

      const said = await forestall(['doctor', '--config', loop.home.config]);
      expect(said.code).toBe(1);
      expect(said.stdout).toMatch(
        /^BROKEN {3}this service does not answer at .*\n {9}Nothing receives .*\n {11}# start it/,
      );
      expect(said.stdout).toMatch(/\n\nthe loop is not closed: 2 findings break it, 1 warning\n$/);
    });
  });
});

it('an unusable configuration is exit code 2', async () => {
  const { code, stdout, stderr } = await forestall(['doctor', '--config', '/nonexistent/forestall.yaml']);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain('/nonexistent/forestall.yaml');
});
