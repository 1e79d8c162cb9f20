import { describe, expect, it } from 'vitest';
import { sameServer, targetOf, webhookUrl, whose, withoutCredentials } from '../../src/doctor/address.ts';

const self = { hosts: ['nas', '192.0.2.7', 'fe80::1'], port: 9096, external_url: 'https://fix.example.org/forestall' };

describe('whose a URL is', () => {
  it.each([
    ['http://127.0.0.1:9096/webhook', 'ours'],
    ['http://localhost:9096', 'ours'],
    ['http://[::1]:9096', 'ours'],
    ['http://NAS:9096/x', 'ours'],
    ['http://192.0.2.7:9096', 'ours'],
    ['http://[fe80::1]:9096', 'ours'],
    ['https://fix.example.org/forestall/webhook', 'ours'],
    ['https://fix.example.org:443/', 'ours'],
    ['http://fix.example.org/', 'elsewhere'],
    ['http://192.0.2.8:9096', 'perhaps'],
    ['http://127.0.0.1:9097', 'elsewhere'],
    ['https://127.0.0.1:9096', 'elsewhere'],
    ['http://127.0.0.1', 'elsewhere'],
    ['<secret>', 'elsewhere'],
  ])('%s: %s', (url, expected) => expect(whose(url, self)).toBe(expected));

  it('a port that is picked at every start says nothing', () => {
    expect(whose('http://127.0.0.1:9096', { ...self, port: null })).toBe('elsewhere');
    expect(whose('https://fix.example.org/', { ...self, port: null })).toBe('ours');
  });
});

it('whether two URLs are of one server', () => {
  expect(sameServer('http://nas:9093/api/v2/alerts', 'http://127.0.0.1:9093', self.hosts)).toBe('ours');
  expect(sameServer('http://am:9093', 'http://am:9093/prefix', [])).toBe('ours');
  expect(sameServer('http://am:9093', 'http://127.0.0.1:9093', self.hosts)).toBe('perhaps');
  expect(sameServer('http://127.0.0.1:9093', 'http://127.0.0.1:9094', self.hosts)).toBe('elsewhere');
});

it('where alerts are posted, and how a URL is shown', () => {
  expect(webhookUrl(self)).toBe('https://fix.example.org/forestall/webhook');
  expect(webhookUrl({ ...self, external_url: 'http://0.0.0.0:9096' })).toBe('http://127.0.0.1:9096/webhook');
  expect(targetOf(self)).toBe('127.0.0.1:9096');
  expect(targetOf({ ...self, external_url: 'http://nas:9096' })).toBe('nas:9096');
  expect(targetOf({ ...self, port: null, external_url: 'http://nas:8080' })).toBe('nas:8080');
  expect(withoutCredentials('http://a:b@host/x')).toBe('http://host/x');
});
