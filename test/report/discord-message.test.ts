import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DiscordBody, discordBody, escapeMarkdown } from '../../src/report/discord-message.ts';
import { messageOf } from '../../src/report/message.ts';
import type { Message } from '../../src/report/message-parts.ts';
import { NOW, permittingPrediction } from '../support/decision.ts';
import { escalation, finishedExecution } from '../support/execution.ts';

const message = (changes: Partial<Message> = {}): Message => ({
  tone: 'good',
  title: 'title',
  text: 'text',
  details: [{ name: 'name', value: 'value' }],
  footer: 'footer',
  at: NOW,
  path: 'api/v1/executions/exe-1',
  ...changes,
});

const embedOf = (changes: Partial<Message>, brief = false) => discordBody(message(changes), null, brief).embeds[0];

function textsOf({ embeds: [embed] }: DiscordBody): string[] {
  return [
    embed.title,
    embed.description,
    embed.footer.text,
    ...embed.fields.flatMap(({ name, value }) => [name, value]),
  ];
}

function expectValid(body: DiscordBody): void {
  const [embed] = body.embeds;
  expect(body.allowed_mentions).toEqual({ parse: [] });
  const texts = textsOf(body);
  for (const text of texts) {
    expect(text.isWellFormed()).toBe(true);
    expect(text.trim()).not.toBe('');
    expect(text).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
  }
  expect(embed.title.length).toBeLessThanOrEqual(256);
  expect(embed.description.length).toBeLessThanOrEqual(4096);
  expect(embed.footer.text.length).toBeLessThanOrEqual(2048);
  expect(embed.fields.length).toBeLessThanOrEqual(25);
  for (const { name, value } of embed.fields) {
    expect(name.length).toBeLessThanOrEqual(256);
    expect(value.length).toBeLessThanOrEqual(1024);
  }
  expect(texts.reduce((sum, text) => sum + text.length, 0)).toBeLessThanOrEqual(6000);
}

/** Text with backslash escapes taken away: what is left unescaped is what Discord would read as markup. */
const unescaped = (text: string) => text.replace(/\\[^0-9A-Za-z\s]/g, '');

describe('discordBody', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: 'grapheme-composite', maxLength: 300 }),
    fc
      .array(
        fc.constantFrom(
          '@everyone',
          '<@123>',
          '<@&9>',
          '[a](https://b)',
          '```',
          '**',
          '👩‍👩‍👧',
          '\u202e',
          '\u{d83d}',
          'é',
        ),
      )
      .map((parts) => parts.join('')),
    fc
      .tuple(fc.string({ unit: 'binary', maxLength: 20 }), fc.integer({ min: 1, max: 700 }))
      .map(([s, n]) => s.repeat(n)),
  );

  it('is valid, within every limit and without mention or markup, whatever it is given (fault 56)', () => {
    fc.assert(
      fc.property(
        nasty,
        nasty,
        fc.array(fc.record({ name: nasty, value: nasty }), { maxLength: 30 }),
        nasty,
        fc.boolean(),
        (title, text, details, footer, brief) => {
          const body = discordBody(message({ title, text, details, footer }), 'https://forestall.example', brief);
          expectValid(body);
          const [embed] = body.embeds;
          for (const shown of [embed.title, embed.description, ...embed.fields.flatMap((f) => [f.name, f.value])]) {
            expect(shown).not.toMatch(/@(?:everyone|here|[&!]?\d)/);
            expect(unescaped(shown)).not.toMatch(/[*_~`|<>[\]()#]|https?:\/\//);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('cuts the middle of the longest part and keeps its end', () => {
    const embed = embedOf({ text: `first${'x'.repeat(9000)}last`, title: 'short' });
    expect(embed.description).toMatch(/^firstx+ … x+last$/);
    expect(embed.description).toHaveLength(4096);
    expect(embed.title).toBe('short');
  });

  it('spends the total on what is short before what is long', () => {
    const details = Array.from({ length: 25 }, (_, at) => ({ name: `n${at}`, value: `${'v'.repeat(2000)}${at}` }));
    const body = discordBody(message({ details, text: 'd'.repeat(5000), title: 'kept' }), null);
    expectValid(body);
    const [embed] = body.embeds;
    expect(embed.title).toBe('kept');
    expect(embed.fields).toHaveLength(25);
    expect(embed.fields[24]!.value).toMatch(/^v+ … v*24$/);
  });

  it('links only to http and https of the configured address', () => {
    const linkOf = (base: string | null) => discordBody(message(), base).embeds[0].url;
    expect(linkOf('https://example.org/forestall')).toBe('https://example.org/forestall/api/v1/executions/exe-1');
    expect(linkOf('http://127.0.0.1:9096')).toBe('http://127.0.0.1:9096/api/v1/executions/exe-1');
    for (const base of [null, '', 'javascript:alert(1)', 'file:///etc', 'nonsense'])
      expect(linkOf(base)).toBeUndefined();
  });

  it('has neither link nor fields when it has to be brief', () => {
    const body = discordBody(message({ text: 'x'.repeat(5000) }), 'https://example.org', true);
    expectValid(body);
    expect(body.embeds[0].url).toBeUndefined();
    expect(body.embeds[0].fields).toEqual([]);
    expect(body.embeds[0].description.length).toBeLessThanOrEqual(500);
  });

  it('leaves out an instant that is none', () => {
    expect(embedOf({ at: Number.NaN })).not.toHaveProperty('timestamp');
    expect(embedOf({ at: NOW }).timestamp).toBe(new Date(NOW).toISOString());
  });
});

describe('escapeMarkdown', () => {
  it.each([
    ['**bold** _it_ ~~gone~~ ||spoiler||', '\\*\\*bold\\*\\* \\_it\\_ \\~\\~gone\\~\\~ \\|\\|spoiler\\|\\|'],
    ['`code`', '\\`code\\`'],
    ['[bank](https://evil)', '\\[bank\\]\\(https\\://evil\\)'],
    ['@everyone', '@\u200beveryone'],
    ['<@123>', '\\<@\u200b123\\>'],
    ['# heading', '\\# heading'],
    ['- item', '\\- item'],
    ['1. item', '1\\. item'],
    ['disk-cleanup 8.2', 'disk-cleanup 8.2'],
    ['a\\*b', 'a\\\\\\*b'],
  ])('%s', (text, escaped) => {
    expect(escapeMarkdown(text, 1000)).toBe(escaped);
  });

  it('cuts no escape in two', () => {
    for (let most = 10; most < 60; most++) {
      const cut = escapeMarkdown('*'.repeat(100), most);
      expect(cut.length).toBeLessThanOrEqual(most);
      expect(unescaped(cut)).toBe(' … ');
    }
  });
});

describe('messageOf', () => {
  it('says what ran where, how it ended and what came of it', () => {
    const message = messageOf({ kind: 'execution', execution: finishedExecution() });
    expect(message).toMatchObject({ tone: 'good', title: 'disk-cleanup succeeded: /srv on nas', at: NOW });
    expect(message.text).toBe('disk-cleanup succeeded in 58 s');
    expect(message.details).toEqual([
      { name: 'Forecast', value: 'disk_exhaustion of /srv: critical in 8.2 days (confidence 87 %)' },
      { name: 'Result', value: 'pruned images; 14 changes; 2 GiB freed' },
      { name: 'Took', value: '58 s' },
    ]);
    expect(message.footer).toContain('exe-1');
  });

  it('says why it did not run', () => {
    const checks = [
      { check: 'disk_usage < 95%', value: 97, passed: false, message: '97 is not below 95' },
      { check: 'no_active_backups', value: 0, passed: true, message: 'none' },
    ];
    const execution = finishedExecution({ state: 'rejected', run: null, dry_run: null, safety_checks: checks });
    const message = messageOf({ kind: 'execution', execution });
    expect(message.tone).toBe('warning');
    expect(message.details).toContainEqual({ name: 'Failed checks', value: 'disk_usage < 95% (97 is not below 95)' });
  });

  it('names the error of a run that failed', () => {
    const run = { exit_code: 3, duration_seconds: 1, result: null, used_bytes: null, error: 'exited with 3' };
    const message = messageOf({ kind: 'execution', execution: finishedExecution({ state: 'failed', run }) });
    expect(message.tone).toBe('bad');
    expect(message.details).toContainEqual({ name: 'Error', value: 'exited with 3' });
  });

  it('asks for an answer where one is waited for, with what the dry run found and where to give it', () => {
    const dry_run = { ...finishedExecution().run!, duration_seconds: 2 };
    const execution = finishedExecution({ state: 'awaiting_approval', run: null, dry_run, finished_at: null });
    const message = messageOf({ kind: 'execution', execution });
    expect(message).toMatchObject({ tone: 'warning', title: 'disk-cleanup waits for confirmation: /srv on nas' });
    expect(message.path).toBe('executions/exe-1');
    expect(message.details).toContainEqual({ name: 'The dry run found', value: expect.stringContaining('14 changes') });
    expect(message.details).toContainEqual({
      name: 'Answer',
      value: 'forestall approve exe-1, or forestall reject exe-1',
    });
  });

  it('asks for a person where a decision was escalated', () => {
    const message = messageOf({ kind: 'escalation', decision: escalation() });
    expect(message.title).toBe('A person has to act: disk_exhaustion of /srv on nas');
    expect(message.text).toBe('1.5 days are below the minimum of 3');
    expect(message.details).toContainEqual({ name: 'Reason', value: 'too_urgent' });
  });

  it('speaks of a target without host or crossing', () => {
    const prediction = permittingPrediction({ host: null, days_until_critical: null });
    const message = messageOf({ kind: 'execution', execution: finishedExecution({ prediction }) });
    expect(message.title).toBe('disk-cleanup succeeded: /srv');
    expect(message.details[0]!.value).toBe('disk_exhaustion of /srv: no crossing expected (confidence 87 %)');
  });
});
