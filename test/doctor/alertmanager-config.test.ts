import { describe, expect, it } from 'vitest';
import { ConfigUnreadable, readAlertmanagerConfig } from '../../src/doctor/alertmanager-config.ts';

const withHook = (webhook: object, global?: object) =>
  readAlertmanagerConfig({
    global: { http_config: global },
    route: { receiver: 'a' },
    receivers: [{ name: 'a', webhook_configs: [webhook] }],
  }).receivers[0]!.webhooks[0]!;
const url = 'http://127.0.0.1:9096/webhook';

describe('the credential of a webhook', () => {
  it.each([
    [{ url }, 'none', null],
    [{ url, http_config: {} }, 'none', null],
    [{ url, http_config: { authorization: { credentials: '<secret>' } } }, 'bearer', null],
    [{ url, http_config: { authorization: { type: 'bearer', credentials_file: '/t' } } }, 'bearer', '/t'],
    [{ url, http_config: { authorization: { type: 'Token' } } }, 'other', null],
    [{ url, http_config: { bearer_token_file: '/t' } }, 'bearer', '/t'],
    [{ url, http_config: { basic_auth: { username: 'a', password_file: '/p' } } }, 'basic', '/p'],
    [{ url, http_config: { oauth2: { client_id: 'a' } } }, 'other', null],
    [{ url: 'http://a:b@127.0.0.1:9096/webhook' }, 'basic', null],
  ])('%j: %s', (webhook, auth, token_file) => expect(withHook(webhook)).toMatchObject({ auth, token_file }));

  it('is the global one where it has none', () => {
    const global = { authorization: { credentials: '<secret>' }, proxy_url: 'http://proxy' };
    expect(withHook({ url }, global)).toMatchObject({ auth: 'bearer', proxy: true });
    expect(withHook({ url, http_config: {} }, global)).toMatchObject({ auth: 'none', proxy: false });
  });
});

it('defaults are Alertmanager’s, a secret URL is none', () => {
  expect(withHook({ url: '<secret>' })).toEqual({
    url: null,
    send_resolved: true,
    max_alerts: 0,
    timeout: null,
    auth: 'none',
    token_file: null,
    proxy: false,
  });
});

it('other integrations have their names', () => {
  const { receivers } = readAlertmanagerConfig({
    route: { receiver: 'a' },
    receivers: [{ name: 'a', email_configs: [{}], slack_configs: [], pushover_configs: [{}] }, { name: 'b' }],
  });
  expect(receivers.map(({ others }) => others)).toEqual([['email', 'pushover'], []]);
});

it.each([
  [null, /Invalid input/],
  [{ receivers: [] }, /^route: /],
  [
    { route: { receiver: 'a', routes: [{ matchers: ['foo'] }] } },
    /^route\.routes\[0\]: the matcher foo cannot be read/,
  ],
  [{ route: { receiver: 'a', group_wait: 'soon' } }, /^route\.group_wait: soon is not a duration/],
  [{ route: { receiver: 'a', routes: [{ receiver: 3 }] } }, /^route\.routes\[0\]\.receiver: /],
])('%j cannot be read', (document, says) => {
  expect(() => readAlertmanagerConfig(document)).toThrow(ConfigUnreadable);
  expect(() => readAlertmanagerConfig(document)).toThrow(says);
});
