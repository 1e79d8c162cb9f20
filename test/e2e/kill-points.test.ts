import { describe, expect, it, vi } from 'vitest';
import type { Service } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { deliver, ENUMERATION_TIMEOUT, expectWhole, expectWholeAfterKill, homeOfMany, visits } from './crash-points.ts';
import { readLedger } from './ledger-file.ts';
import { attach, hasStrace } from './strace.ts';
import { type Answered, expectSoundHistory, settled } from './traffic.ts';
import { watched } from './watched.ts';

vi.setConfig({ testTimeout: ENUMERATION_TIMEOUT });

async function pending(service: Service): Promise<number> {
  return (await service.json('/api/v1/status')).reports_pending;
}

describe.skipIf(!hasStrace)('killed at a write', () => {
  /** Kills at one point of the way of one alert; whether it was answered before, and whether it died at all. */
  async function visit(service: Service, resource: string, call: string, when: number) {
    // What the one that was killed before was about to report is nobody else's for a minute.
    const before = await pending(service);
    const tracing = await attach(service.pid, [`trace=${call}`, `inject=${call}:signal=KILL:when=${when}`]);
    let died = false;
    const exited = service.exited().then(() => {
      died = true;
    });
    const answer = await deliver(service, resource);
    // Asked over HTTP: a reader of the file would be the last one to close it after the kill, and tidy it up.
    const isDone = async (): Promise<boolean> => {
      if (died) return true;
      const reported = (line: Record<string, unknown>) =>
        line['execution_id'] === answer.decisions[0]?.execution_id && /^reported to /.test(String(line['msg']));
      return service.log().filter(reported).length === 2 && (await pending(service)) <= before;
    };
    await Promise.race([exited, eventually(isDone, { timeout: 60_000 })]).catch((error) => {
      if (!died) throw error;
    });
    if (!died) await tracing.detach();
    return { answer, died };
  }

  it.each([
    ['pwrite64', visits(10)],
    ['fsync,fdatasync', visits(2)],
  ])(
    'by one of the %s between the POST and the last report: nothing runs twice, nothing that was answered is lost (fault 31)',
    async (call, { first, step }) => {
      const home = await watched(homeOfMany(1_000));
      const deliveries: Answered[] = [];
      let service = await home.start();
      let visited = 0;
      let answered = 0;
      let when = first;
      for (let clean = false; !clean; when += step) {
        const resource = `/data/${visited}`;
        const { answer, died } = await visit(service, resource, call, when);
        deliveries.push(answer);
        if (died) {
          await expectWholeAfterKill(home, deliveries);
          service = await home.start();
        }
        if (answer.status === 200) answered++;
        // An answer that did not come is asked for again, as Alertmanager does.
        else deliveries.push(await deliver(service, resource));
        expect(deliveries.at(-1)?.status).toBe(200);
        await settled(home, 60_000);
        await eventually(() => readLedger(home.database).due === 0, { timeout: 20_000 });
        await expectWhole(home, deliveries);
        const { executions } = readLedger(home.database);
        const real = executions.filter((row) => row.resource === resource && row.started_at !== null);
        expect(real.map(({ state }) => state)).toEqual([expect.stringMatching(/^(succeeded|interrupted)$/)]);
        visited++;
        clean = !died;
      }
      await service.stop();
      expectSoundHistory(home, deliveries);
      console.info(`${call}: ${visited} of ${when - step} points, ${visited - answered} of them before the answer`);
      // One sync may be all that there is before the answer.
      if (call === 'pwrite64') expect(visited - answered).toBeGreaterThan(0);
      expect(answered).toBeGreaterThan((call === 'pwrite64' ? 120 : 6) / step);
    },
  );
});

describe.skipIf(!hasStrace)('the answer', () => {
  it('is never sent before what it says is synced to the disk (fault 30)', async () => {
    const home = await watched(homeOfMany(3));
    const service = await home.start();
    const tracing = await attach(service.pid, ['trace=pwrite64,fsync,fdatasync,write,writev']);
    // The last one is refused, and that too is on record before it is answered.
    for (const resource of ['/data/0', '/data/1', '/data/2', '/data/unknown']) {
      const { status, decisions } = await deliver(service, resource);
      expect(status).toBe(200);
      const { id } = decisions[0]!;
      const answer = new RegExp(`(write|writev)\\(\\d+<socket:.*HTTP/1\\.1 200.*${id}`);
      const lines = await eventually(() => {
        const all = tracing.lines();
        const at = all.findIndex((line) => answer.test(line));
        return at < 0 ? null : all.slice(0, at);
      });
      const written = lines.findIndex((line) => /pwrite64\(.*-wal>/.test(line) && line.includes(id));
      expect(written).toBeGreaterThanOrEqual(0);
      expect(completedWalCalls(lines.slice(written + 1))).toContainEqual(expect.stringMatching(/^f(data)?sync$/));
    }
    await tracing.detach();
    await service.stop();
  });

  it.each([
    ['the disk is full', 'pwrite64', 'ENOSPC'],
    ['the disk cannot be written', 'pwrite64', 'EIO'],
    ['the disk became read-only', 'pwrite64', 'EROFS'],
    ['the disk cannot be synced', 'fsync,fdatasync', 'EIO'],
  ])('is 503 when %s, nothing starts, and it goes on by itself', async (_what, call, error) => {
    const home = await watched(homeOfMany(1));
    const service = await home.start();
    const tracing = await attach(service.pid, [`trace=${call}`, `inject=${call}:error=${error}`]);
    const refused = await deliver(service, '/data/0');
    expect(refused).toMatchObject({ status: 503, decisions: [] });
    expect((await fetch(`${service.url}/-/healthy`)).status).toBe(200);
    expect((await deliver(service, '/data/0')).status).toBe(503);
    expect(home.records()).toEqual([]);
    expect(service.log()).toContainEqual(
      expect.objectContaining({ level: 'error', msg: 'the store is not available' }),
    );
    await tracing.detach();
    const accepted = await deliver(service, '/data/0');
    expect(accepted.status).toBe(200);
    await settled(home);
    await service.stop();
    expectSoundHistory(home, [refused, accepted], { mostRuns: 1 });
    expect(home.runs()).toHaveLength(1);
  });

  it('is 503 within two seconds when the disk is slow, health answers meanwhile, and coming again runs nothing twice', async () => {
    const home = await watched(homeOfMany(1));
    const service = await home.start();
    const tracing = await attach(service.pid, ['trace=fsync,fdatasync', 'inject=fsync,fdatasync:delay_enter=3000000']);
    let slowest = 0;
    let waiting = true;
    const health = (async () => {
      while (waiting) {
        const since = performance.now();
        expect((await fetch(`${service.url}/-/healthy`)).status).toBe(200);
        slowest = Math.max(slowest, performance.now() - since);
      }
    })();
    const slow = await deliver(service, '/data/0');
    waiting = false;
    await health;
    expect(slow.status).toBe(503);
    // What this machine takes for the simplest request is not the service's.
    expect(slow.milliseconds).toBeLessThan(2_000 + slowest);
    expect(slowest).toBeLessThan(2_000);
    const again = await deliver(service, '/data/0');
    await tracing.detach();
    const last = await deliver(service, '/data/0');
    expect(last.status).toBe(200);
    await settled(home);
    await service.stop();
    expectSoundHistory(home, [slow, again, last], { mostRuns: 1 });
    expect(home.runs()).toHaveLength(1);
  });
});

describe.skipIf(!hasStrace)('a disk that is full while an execution is under way', () => {
  it('holds up its record, not its result', async () => {
    const home = await watched(homeOfMany(1));
    const service = await home.start();
    const accepted = await deliver(service, '/data/0');
    const tracing = await attach(service.pid, ['trace=pwrite64', 'inject=pwrite64:error=ENOSPC']);
    await eventually(() => service.log().some(({ msg }) => /does not take a write; trying again/.test(String(msg))), {
      timeout: 20_000,
    }).catch((error) => {
      // It was done before the disk was full: nothing to hold up.
      if (!service.log().some(({ state }) => state === 'succeeded')) throw error;
    });
    await tracing.detach();
    await settled(home, 40_000);
    await service.stop();
    const { executions } = expectSoundHistory(home, [accepted], { mostRuns: 1 });
    expect(executions.map(({ state }) => state)).toEqual(['succeeded']);
    expect(home.runs()).toHaveLength(1);
  });
});

/** Names of the calls on the write-ahead log in the order in which they were done. */
function completedWalCalls(lines: readonly string[]): string[] {
  const begun = new Map<string, string>();
  const done: string[] = [];
  for (const line of lines) {
    const [thread = '', call = ''] = line.split(/\s+/, 2);
    const resumed = /<\.\.\. (\w+) resumed>/.exec(line)?.[1];
    if (resumed !== undefined) {
      if (begun.get(thread) === resumed) done.push(resumed);
      begun.delete(thread);
      continue;
    }
    if (!/-wal>/.test(line)) continue;
    const name = call.slice(0, call.indexOf('('));
    if (line.includes('<unfinished ...>')) begun.set(thread, name);
    else done.push(name);
  }
  return done;
}
