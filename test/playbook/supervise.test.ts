import { describe, expect, it } from 'vitest';
import { startProcess } from '../../src/playbook/spawn.ts';
import { supervise } from '../../src/playbook/supervise.ts';

async function sleeping(seconds: string) {
  const started = await startProcess({
    argv: ['sleep', seconds],
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '' },
    output: 'pipes',
  });
  if ('problem' in started) throw new Error(started.problem);
  return { started, family: { pgid: started.pid, marker: `FORESTALL_TEST=${started.pid}` } };
}

describe('supervise', () => {
  it('ends what was aborted before it was supervised', async () => {
    const { started, family } = await sleeping('60');
    const ending = await supervise(started, { family, timeout: 60_000, grace: 1000, signal: AbortSignal.abort() });
    expect(ending).toEqual({ how: 'aborted', survivors: [] });
    expect(await started.exited).toEqual({ exit_code: null, signal: 'SIGTERM' });
  });

  it('takes a time-out beyond what timers can hold for a long one', async () => {
    const { started, family } = await sleeping('0.05');
    const ending = await supervise(started, { family, timeout: 2 ** 40, grace: 1000 });
    expect(ending).toEqual({ how: 'exited', exit: { exit_code: 0, signal: null } });
  });

  it('lets the first reason win: what is aborted after its end has exited', async () => {
    const { started, family } = await sleeping('0.05');
    await started.exited;
    const ending = await supervise(started, { family, timeout: 60_000, grace: 1000, signal: AbortSignal.abort() });
    expect(ending).toMatchObject({ how: 'exited' });
  });
});
