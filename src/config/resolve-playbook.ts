import { resolve } from 'node:path';
import type { AnsibleConfig, PlaybookConfig } from './config.ts';
import type { Settings } from './schema.ts';

type Phases = Pick<PlaybookConfig, 'ansible' | 'run' | 'dry_run'>;

/** A playbook with the command lines of both phases; paths are relative to `folder`, that of forestall.yaml. */
export function resolvePlaybook(playbook: Settings['playbooks'][string], name: string, folder: string): PlaybookConfig {
  return {
    name,
    version: playbook.version,
    ...(playbook.runner === 'ansible' ? ansiblePhases(playbook, folder) : programPhases(playbook, folder)),
    timeout: playbook.timeout,
    dry_run_timeout: playbook.dry_run_timeout,
    max_parallel: playbook.max_parallel ?? null,
    max_downtime: playbook.max_downtime ?? null,
    sha256: playbook.sha256 ?? null,
    env: playbook.env,
  };
}

function programPhases({ run: written, dry_run }: Settings['playbooks'][string], folder: string): Phases {
  const run = argv(written ?? [], folder);
  return { ansible: null, run, dry_run: dry_run === undefined ? [...run, '--dry-run'] : argv(dry_run, folder) };
}

/** The extra variables are a file of each phase and not among the arguments here. */
function ansiblePhases(settings: Settings['playbooks'][string], folder: string): Phases {
  const ansible: AnsibleConfig = {
    playbook: resolve(folder, settings.playbook ?? ''),
    inventory: resolve(folder, settings.inventory ?? ''),
    extra_vars: settings.extra_vars,
  };
  const phase = (...options: readonly string[]) => [
    'ansible-playbook',
    '--inventory',
    ansible.inventory,
    '--limit',
    '{host}',
    ...options,
    ansible.playbook,
  ];
  return { ansible, run: phase('--diff'), dry_run: phase('--check', '--diff') };
}

/** A program with a `/` is relative to the configuration; a bare name is found on PATH. */
export function argv(command: readonly string[], folder: string): string[] {
  const [program = '', ...rest] = command;
  return [program.includes('/') ? resolve(folder, program) : program, ...rest];
}
