import { expect, test, vi } from 'vitest';
import { startPair } from '../chaos/senders.ts';
import { hasAlertmanager } from '../support/alertmanager.ts';
import { DISK, makeHome, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { readLedger } from './ledger-file.ts';
import { attach, hasStrace } from './strace.ts';
import { expectSoundHistory, settled } from './traffic.ts';

vi.setConfig({ testTimeout: 240_000 });

const SYNC_TAKES = 3_000;
const RESOURCES = ['/data/0', '/data/1'];
const PATIENT = { timeout: 60_000, interval: 100 };

test.runIf(hasStrace && hasAlertmanager)(
  'a pair of Alertmanagers and a disk whose every sync takes three seconds: nothing runs twice, and all is run in the end (fault 39)',
  async () => {
    const home = makeHome({
      mapping(mapping) {
        mapping.mappings[0].resource_filter = '/data/*';
        mapping.mappings[0].action.limit_scope = 'resource';
        return mapping;
      },
    });
    home.writePredictions(RESOURCES.map((resource) => ({ ...DISK, resource })));
    const service = await startService(home);
    const pair = await startPair([{ service, process: 'only' }]);
    const tracing = await attach(service.pid, [
      'trace=fsync,fdatasync',
      `inject=fsync,fdatasync:delay_exit=${SYNC_TAKES * 1_000}`,
    ]);
    await pair.fire(RESOURCES);
    // Both tell it again and again, whatever they are answered.
    await eventually(() => pair.sent.filter(({ status }) => status === 503).length >= 2, PATIENT);
    await eventually(() => pair.sent.length >= 8, PATIENT);
    await tracing.detach();

    const ran = () => readLedger(home.database).executions.filter(({ state }) => state === 'succeeded').length;
    await eventually(() => ran() === RESOURCES.length, PATIENT);
    const before = pair.sent.length;
    await eventually(() => pair.sent.slice(before).filter(({ status }) => status === 200).length >= 2, PATIENT);
    await pair.stop();
    await settled(home);
    expectSoundHistory(home, pair.sent);
    expect(
      home
        .runs()
        .map((line) => line.split(' ').at(-1))
        .sort(),
    ).toEqual(RESOURCES);
    // A sender may also have given up before it was answered.
    expect(pair.sent.filter(({ status }) => status !== null && status !== 200 && status !== 503)).toEqual([]);
    expect(await service.stop()).toBe(0);
  },
);
