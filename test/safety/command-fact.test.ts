import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../src/playbook/command.ts';
import { createSafety } from '../../src/safety/safety.ts';
import { permittingPrediction } from '../support/decision.ts';
import { program } from '../support/playbook.ts';

const subject = { prediction: permittingPrediction() };

async function ask(args: readonly string[], { check = 'x', timeout = 5000 } = {}) {
  const safety = createSafety({
    facts: { x: { kind: 'command', name: 'x', command: args, timeout } },
    runCommand,
    queryScalar: null,
    critical_services: [],
    backup_units: [],
    now: Date.now,
  });
  const [result] = await safety.check([check], subject);
  return result!;
}

const fact = program('fact');

describe('a fact asked by a command', () => {
  it.each([
    ['0', '0', 0],
    ['0\n', '1', 0],
    ['  42.5 \n', '0', 42.5],
    ['-1e-3', '0', -0.001],
    ['true', '0', true],
    ['false\n', '1', false],
    ['true', '1', true],
    ['', '0', true],
    ['', '1', false],
    [' \n', '1', false],
  ])('%j with exit code %s is %s', async (text, code, value) => {
    expect(await ask([fact, text, code])).toMatchObject({ value });
  });

  it.each([
    ['1\n2', '0', 'expected a number, true or false alone'],
    ['95%', '0', 'expected a number'],
    ['TRUE', '0', 'expected a number'],
    ['NaN', '0', 'expected a number'],
    ['inf', '0', 'expected a number'],
    ['0x10', '0', 'expected a number'],
    ['1e999', '0', 'expected a number'],
    ['1,5', '0', 'expected a number'],
    ['5', '2', 'failed with exit code 2: a word on standard error'],
    ['0', '137', 'failed with exit code 137'],
    ['killed', '0', 'was ended by SIGKILL'],
    ['binary', '0', 'expected a number'],
    ['enormous', '0', 'printed more than 65536 bytes'],
  ])('%j with exit code %s fails the check (fault 19)', async (text, code, message) => {
    for (const check of ['x', 'no_x', 'x >= 0', 'x != 7']) {
      const result = await ask([fact, text, code], { check });
      expect(result).toMatchObject({ check, value: null, passed: false, message: expect.stringContaining(message) });
      expect(result.message).not.toMatch(/\p{Cc}/u);
      expect(result.message.length).toBeLessThan(400);
    }
  });

  it('fails when the program is missing', async () => {
    expect(await ask(['/no/such/program'])).toMatchObject({
      value: null,
      passed: false,
      message: expect.stringContaining('was not found'),
    });
  });

  it.each(['hangs', 'late'])('is ended at its time-out when it %s', async (how) => {
    const since = performance.now();
    const result = await ask([fact, how], { timeout: 300 });
    expect(result).toMatchObject({ passed: false, message: expect.stringContaining('did not answer within 0.3 s') });
    expect(performance.now() - since).toBeLessThan(6000);
    const left = readdirSync('/proc').filter((pid) => {
      const file = `/proc/${pid}/cmdline`;
      if (!/^\d+$/.test(pid) || !existsSync(file)) return false;
      try {
        return readFileSync(file, 'utf8').includes(`${fact}\0${how}\0`);
      } catch {
        return false;
      }
    });
    expect(left).toEqual([]);
  });

  it('does not wait for a child that keeps the output open', async () => {
    const since = performance.now();
    expect(await ask([fact, 'leaves-child'])).toMatchObject({ value: 5, passed: true });
    expect(performance.now() - since).toBeLessThan(4000);
  });
});
