import type { AnsibleConfig, Config, PlaybookConfig } from '../config/config.ts';
import type { Playbooks } from '../loop/ports.ts';
import { createInventories } from '../playbook/ansible/inventories.ts';

/** Which hosts playbooks may run on, as far as they have an inventory. */
export interface Fleets extends Pick<Playbooks, 'fleet' | 'refuses'> {
  /** Reads every inventory of the configuration once, for who decides next. Never rejects. */
  warm(config: Config): Promise<void>;
  /** The same, and what came of it. */
  look(config: Config): Promise<readonly FleetRead[]>;
}

export interface FleetRead {
  readonly playbook: string;
  readonly size: number;
  /** Null: its inventory was read. */
  readonly problem: string | null;
}

export function createFleets(): Fleets {
  const inventories = createInventories(() => performance.now());

  function look({ playbooks }: Config): Promise<readonly FleetRead[]> {
    const all = Object.values(playbooks).filter(isAnsible);
    return Promise.all(
      all.map(async (playbook) => {
        const read = await inventories.read(playbook);
        const { name } = playbook;
        return read.ok
          ? { playbook: name, size: read.inventory.size, problem: null }
          : { playbook: name, size: 0, problem: `playbook ${name}: ${read.problem}` };
      }),
    );
  }

  return {
    look,
    fleet: (playbook) => (isAnsible(playbook) ? inventories.known(playbook) : null),
    async refuses(playbook, host) {
      if (!isAnsible(playbook)) return null;
      const read = await inventories.read(playbook);
      return read.ok ? read.inventory.problemOf(host) : read.problem;
    },
    async warm(config) {
      await look(config);
    },
  };
}

function isAnsible(playbook: PlaybookConfig): playbook is PlaybookConfig & { readonly ansible: AnsibleConfig } {
  return playbook.ansible !== null;
}
