import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogger, type LoggerOptions } from '../../src/report/log.ts';
import { ROOT } from '../support/source-text.ts';
import { tempDir } from '../support/temp.ts';
import { runNode } from './child.ts';

/** What a logger writes while `use` has it. */
function written(options: Omit<LoggerOptions, 'fd'>, use: (logger: ReturnType<typeof createLogger>) => void): string {
  const path = join(tempDir(), 'log');
  const fd = openSync(path, 'w');
  try {
    use(createLogger({ ...options, fd }));
  } finally {
    closeSync(fd);
  }
  return readFileSync(path, 'utf8');
}

const FORMATS = ['json', 'pretty'] as const;
const FORBIDDEN = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

describe.each(FORMATS)('%s', (format) => {
  it('writes one line an event without control characters, whatever is in it', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a\r\nb', '\u001b[2J', '\u2028', '\0', '\u0085', '\u202e', '\u007f', '{"level":50}\n'),
    );
    const log = written({ level: 'info', format }, (logger) => {
      fc.assert(
        fc.property(text, text, text, (message, key, value) => {
          logger.info({ [`k${key}`]: value, list: [{ [key]: value }] }, message);
          logger.error({ err: new Error(value) }, message);
        }),
        { numRuns: 100 },
      );
    });
    const lines = log.split('\n');
    expect(lines.pop()).toBe('');
    expect(lines).toHaveLength(200);
    for (const line of lines) expect(line).not.toMatch(FORBIDDEN);
    if (format === 'json') for (const line of lines) expect(JSON.parse(line)).toHaveProperty('level');
  });

  it('writes no secret, by name or by value', () => {
    const secrets = () => ['hunter2"hunter2'];
    const log = written({ level: 'info', format, secrets }, (logger) => {
      logger.info(
        {
          token: 'swordfish-1',
          headers: { authorization: 'Bearer swordfish-2' },
          a: { b: { webhook_url: 'swordfish-3' } },
        },
        'x',
      );
      logger.info({ url: 'https://example.org/hunter2"hunter2' }, 'with hunter2"hunter2 in it');
      logger.error({ err: new Error('failed: hunter2"hunter2') }, 'y');
      logger.warn(
        { tokens: [{ name: 'ci', token: 'swordfish-4' }], a: { b: { c: { password: { is: 'swordfish-5' } } } } },
        'z',
      );
      const refused = Object.assign(new Error('refused'), { request: { cookie: 'swordfish-6' } });
      logger.error(
        { err: Object.assign(refused, { errors: [Object.assign(new Error('a'), { secret: 'swordfish-7' })] }) },
        'w',
      );
    });
    expect(log).not.toMatch(/swordfish|hunter2/);
    expect(log.match(/\[secret\]/g)!.length).toBeGreaterThanOrEqual(9);
    expect(log).toMatch(/ci/);
  });

  it('changes nothing of what it is given, and writes what goes round in circles', () => {
    const event: Record<string, unknown> = { token: 'swordfish', at: new Date(0), list: [1, { ok: true }] };
    event['self'] = event;
    const log = written({ level: 'info', format }, (logger) => logger.info(event, 'around'));
    expect(event['token']).toBe('swordfish');
    expect(log).toMatch(/1970-01-01T00:00:00\.000Z/);
    expect(log).toMatch(/around/);
    expect(log).not.toMatch(/swordfish/);
  });

  it('obeys the level', () => {
    const log = written({ level: 'warn', format }, (logger) => {
      logger.info({}, 'quiet');
      logger.warn({}, 'loud');
    });
    expect(log).toContain('loud');
    expect(log).not.toContain('quiet');
  });

  it('has everything written when the process exits', async () => {
    const ended = await runNode(
      `import { createLogger } from './src/report/log.ts';
       const logger = createLogger({ level: 'info', format: '${format}' });
       for (let n = 0; n < 1000; n++) logger.info({ n }, 'line');
       process.exit(3);`,
    );
    expect(ended.code).toBe(3);
    expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1000);
  });

  it('survives a full disk', async () => {
    const full = openSync('/dev/full', 'w');
    try {
      const ended = await runNode(
        `import { createLogger } from './src/report/log.ts';
         const logger = createLogger({ level: 'info', format: '${format}' });
         for (let n = 0; n < 100; n++) logger.info({ n }, 'line');
         setTimeout(() => process.stdout.write('alive'), 10);`,
        [],
        full,
      );
      expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'alive' });
    } finally {
      closeSync(full);
    }
  });

  it('survives a pipe that nobody reads any more', async () => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { createLogger } from './src/report/log.ts';
         const logger = createLogger({ level: 'info', format: '${format}' });
         logger.info({}, 'first');
         process.stdin.once('data', () => {
           for (let n = 0; n < 100; n++) logger.info({ n }, 'line');
           setTimeout(() => { process.stdout.write('alive'); process.exit(0); }, 10);
         });`,
      ],
      { cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] },
    );
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    await once(child.stderr, 'data');
    child.stderr.destroy();
    await once(child.stderr, 'close');
    child.stdin.write('go');
    const [code, signal] = await once(child, 'exit');
    expect([code, signal, stdout]).toEqual([0, null, 'alive']);
  });
});

describe('a reader that is stuck', () => {
  it('holds the service up for a moment, not for ever', async () => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { createLogger } from './src/report/log.ts';
         const logger = createLogger({ level: 'info', format: 'json' });
         for (let n = 0; n < 3000; n++) logger.info({ n, text: 'x'.repeat(1000) }, 'line');
         process.stdout.write('alive', () => process.exit(0));`,
      ],
      { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    const [code] = await once(child, 'exit');
    expect([code, stdout]).toEqual([0, 'alive']);
    child.stderr.destroy();
  });
});

describe('pretty', () => {
  it('says when, how bad and what', () => {
    const log = written({ level: 'info', format: 'pretty' }, (logger) => logger.warn({ playbook: 'p' }, 'it happened'));
    expect(log).toMatch(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] WARN: it happened \{"playbook":"p"\}\n$/);
  });

  it('has colours where asked for', () => {
    const log = written({ level: 'info', format: 'pretty', colour: true }, (logger) => logger.warn({}, 'it happened'));
    expect(log).toContain('\u001b[');
  });
});
