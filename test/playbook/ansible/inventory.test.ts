import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ANSIBLE_OWN_ENVIRONMENT } from '../../../src/config/playbook-meaning.ts';
import { ansibleEnvironment } from '../../../src/playbook/ansible/environment.ts';
import { createInventories } from '../../../src/playbook/ansible/inventories.ts';
import { readInventory } from '../../../src/playbook/ansible/inventory.ts';
import { ansibleFolder, ansiblePlaybook, LOCAL_HOSTS, withAnsible } from '../../support/ansible.ts';
import { eventually } from '../../support/wait.ts';

const GRAPH = `@all:
  |--@ungrouped:
  |  |--web2
  |--@web:
  |  |--@inner:
  |  |  |--db.example.org
  |  |--web1
  |--web1
`;

describe('an inventory', () => {
  const inventory = readInventory(GRAPH, '/h');

  it('has each host once, in groups or not', () => {
    expect(inventory.size).toBe(3);
    for (const host of ['web1', 'web2', 'db.example.org']) expect(inventory.problemOf(host)).toBeNull();
  });

  it('refuses others, groups, and none', () => {
    expect(inventory.problemOf('web3')).toBe('host "web3" is not in the inventory /h');
    expect(inventory.problemOf('inner')).toBe('"inner" is a group of the inventory /h, not one host');
    expect(inventory.problemOf('WEB1')).toBe('host "WEB1" is not in the inventory /h');
    expect(inventory.problemOf(null)).toBe('the prediction has no host, and a play needs one');
  });
});

it('what is set for Ansible is what the configuration may not set', () => {
  const names = Object.keys(ansibleEnvironment({ temporary: '', connections: '', events: '' }));
  expect(names.filter((name) => !name.startsWith('FORESTALL_')).sort()).toEqual([...ANSIBLE_OWN_ENVIRONMENT].sort());
});

describe.skipIf(!withAnsible)('read by Ansible', () => {
  const make = () => {
    const clock = { now: 0 };
    const folder = ansibleFolder('- ansible.builtin.debug: {}');
    const { ansible, ...rest } = ansiblePlaybook(folder);
    return { clock, folder, playbook: { ...rest, ansible: ansible! }, inventories: createInventories(() => clock.now) };
  };

  it('is taken for a minute, and anew when its file changes', async () => {
    const { clock, folder, playbook, inventories } = make();
    expect(inventories.known(playbook)).toBeNull();
    const first = await inventories.read(playbook);
    expect(first).toMatchObject({ ok: true, inventory: { size: 3 } });
    const again = await inventories.read(playbook);
    expect(again).toEqual(first);
    expect(inventories.known(playbook)?.size).toBe(3);
    writeFileSync(folder.inventory, readFileSync(folder.inventory, 'utf8').replace('web2', 'web7'));
    const changed = await inventories.read(playbook);
    expect(changed.ok && changed.inventory.problemOf('web2')).toBe(
      `host "web2" is not in the inventory ${folder.inventory}`,
    );
    expect(changed.ok && changed.inventory.problemOf('web7')).toBeNull();
    clock.now += 11 * 60_000;
    expect(inventories.known(playbook)).toBeNull();
    await eventually(() => inventories.known(playbook), { timeout: 30_000 });
  });

  it('that is gone or broken is a problem, not an empty one; what was known before does not count', async () => {
    const { folder, playbook, inventories } = make();
    await inventories.read(playbook);
    writeFileSync(folder.inventory, 'all: [');
    expect(await inventories.read(playbook)).toMatchObject({
      ok: false,
      problem: expect.stringMatching(
        /^the inventory .*hosts\.yml cannot be read: Completely failed to parse inventory/,
      ),
    });
    rmSync(folder.inventory);
    expect(await inventories.read(playbook)).toMatchObject({ ok: false });
  });

  it('that is half broken is a problem', async () => {
    const { folder, playbook, inventories } = make();
    rmSync(folder.inventory);
    const both = { ...playbook, ansible: { ...playbook.ansible, inventory: folder.folder } };
    rmSync(folder.playbook);
    writeFileSync(join(folder.folder, 'a.yml'), LOCAL_HOSTS);
    writeFileSync(join(folder.folder, 'b.yml'), 'all: [');
    expect(await inventories.read(both)).toMatchObject({ ok: false });
  });
});
