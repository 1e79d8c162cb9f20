import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { type Home, type Service, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { deliver, ENUMERATION_TIMEOUT, expectWhole, expectWholeAfterKill, homeOfMany, visits } from './crash-points.ts';
import { readLedger } from './ledger-file.ts';
import { attach, hasStrace, injecting } from './strace.ts';
import { type Answered, settled } from './traffic.ts';

vi.setConfig({ testTimeout: ENUMERATION_TIMEOUT });

/** Delivers as Alertmanager does, again and again until it is accepted. */
async function delivered(service: Service, resource: string, into: Answered[]): Promise<void> {
  await eventually(async () => {
    const answer = await deliver(service, resource);
    into.push(answer);
    return answer.status === 200;
  });
}

function expectRefused(home: Home, answer: Answered, resource: string): void {
  expect(answer).toMatchObject({ status: 503, decisions: [] });
  expect(home.records().filter((line) => line.endsWith(` ${resource}`))).toEqual([]);
}

/** Executions of this resource that were started, once nothing is under way any more. */
async function startedOf(home: Home, resource: string): Promise<readonly string[]> {
  await settled(home, 60_000);
  await eventually(() => readLedger(home.database).due === 0, { timeout: 60_000, interval: 50 });
  const { executions } = readLedger(home.database);
  return executions.filter((row) => row.resource === resource && row.started_at !== null).map(({ state }) => state);
}

describe.skipIf(!hasStrace)('a disk that fails from one write on', () => {
  it.each(['ENOSPC', 'EIO'])(
    'on the way of an alert with %s: what is answered is on record, what is refused starts nothing, and there is one run when there is room again (fault 29)',
    async (error) => {
      const home = homeOfMany(1_000);
      const deliveries: Answered[] = [];
      let service = await startService(home);
      const { first, step } = visits(50);
      const seen = { refused: 0, itself: 0, anew: 0 };
      let when = first;
      for (let clean = false, turn = 0; !clean; when += step, turn++) {
        const resource = `/data/${turn}`;
        const tracing = await attach(service.pid, ['trace=pwrite64', `inject=pwrite64:error=${error}:when=${when}+`]);
        const answer = await deliver(service, resource);
        deliveries.push(answer);
        const failed = () => tracing.lines().some((line) => line.includes('(INJECTED)'));
        const told = () => {
          const id = answer.decisions[0]?.execution_id;
          return service.log().filter((line) => line['execution_id'] === id && isReport(line)).length === 2;
        };
        if (answer.status === 200) await eventually(() => failed() || told(), { timeout: 60_000 });
        else {
          seen.refused++;
          expectRefused(home, answer, resource);
        }
        clean = !failed();
        const sameProcess = turn % 2 === 0;
        if (sameProcess) {
          await tracing.detach();
          seen.itself++;
        } else {
          await service.stop('SIGKILL');
          await expectWholeAfterKill(home, deliveries);
          service = await startService(home);
          seen.anew++;
        }
        if (answer.status !== 200) await delivered(service, resource, deliveries);
        const started = await startedOf(home, resource);
        expect(started).toEqual([expect.stringMatching(sameProcess ? /^succeeded$/ : /^(succeeded|interrupted)$/)]);
        await expectWhole(home, deliveries);
      }
      expect(await service.stop()).toBe(0);
      console.info(`${error}: ${when - step} writes, ${JSON.stringify(seen)}`);
      expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
    },
  );
});

describe.skipIf(!hasStrace)('a disk that is full when the service starts, from one write on', () => {
  it.each([
    ['without a ledger', 60, async () => homeOfMany(3)],
    ['with the ledger of one that was killed', 45, homeAfterAKill],
  ] as const)(
    '%s: it says so or refuses what comes, and the next start has a whole ledger (fault 29)',
    async (_what, ordinary, prepare) => {
      const { first, step } = visits(ordinary);
      let refusedToStart = 0;
      let last = 0;
      for (let when = 1, clean = false; !clean; when += when === 1 ? first : step) {
        last = when;
        const home = await prepare();
        const deliveries: Answered[] = [];
        const service = await startOrWords(home, injecting('pwrite64', `error=ENOSPC:when=${when}+`));
        if (typeof service === 'string') {
          refusedToStart++;
          expect(service).toMatch(
            /forestall: ledger \S+forestall\.db cannot be (created|opened): .*; see whether its disk is full/,
          );
        } else {
          const answer = await deliver(service, '/data/0');
          deliveries.push(answer);
          clean = answer.status === 200;
          if (!clean) expectRefused(home, answer, '/data/0');
          await service.stop('SIGKILL');
        }
        expect(readdirSync(home.folder).filter((name) => name.includes('.new-'))).toEqual([]);
        const next = await startService(home);
        await delivered(next, '/data/0', deliveries);
        expect(await startedOf(home, '/data/0')).toHaveLength(1);
        expect(await next.stop()).toBe(0);
        await expectWhole(home, deliveries);
      }
      console.info(`${last} writes; ${refusedToStart} starts ended`);
      expect(refusedToStart).toBeGreaterThan(0);
    },
  );
});

/** A service, or what one said that ended instead. */
async function startOrWords(home: Home, wrapper: readonly string[]): Promise<Service | string> {
  try {
    return await startService(home, { wrapper });
  } catch (error) {
    if (/^serve ended/.test((error as Error).message)) return (error as Error).message;
    throw error;
  }
}

async function homeAfterAKill(): Promise<Home> {
  const home = homeOfMany(3);
  const service = await startService(home);
  await delivered(service, '/data/1', []);
  await service.stop('SIGKILL');
  expect(existsSync(`${home.database}-wal`)).toBe(true);
  return home;
}

const isReport = (line: Record<string, unknown>): boolean => /^reported to /.test(String(line['msg']));
