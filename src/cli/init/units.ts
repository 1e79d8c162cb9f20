import { type Choices, serviceUser } from './choices.ts';
import { replaceAll, replaceOnce } from './replace.ts';

/** Paths that stand for themselves in a unit file, a glob of Prometheus' and a shell alike. */
export const PLAIN_PATH = /^\/[A-Za-z0-9/._@+-]*$/;

/** A service or timer as shipped, with the paths and the user of this machine. */
export function unitText(shipped: string, choices: Choices): string {
  const { home, directory, isRoot } = choices;
  let text = shipped.replaceAll('/opt/forestall', home).replaceAll('/etc/forestall/config', `${directory}/config`);
  if (!text.includes('\n[Service]\n')) return text;
  if (!isRoot) {
    text = replaceOnce(text, '\nUser=forestall\nGroup=forestall\n', `\nUser=${serviceUser(choices)}\n`);
    text = replaceOnce(
      text,
      'StateDirectory=forestall\nStateDirectoryMode=0755\n',
      `ReadWritePaths=${directory}/data\n`,
    );
    text = text.replace('# /var/lib/forestall: ', `# ${directory}/data: `);
  }
  return text;
}

/** The unit for playbooks as root, as shipped, with the paths of this machine. */
export function playbookUnitText(shipped: string, { home }: Choices): string {
  return replaceAll(shipped, '/opt/forestall', home);
}

/** What a service of another user's, or a sandboxed one, cannot reach. */
export function isBelowHomes(path: string): boolean {
  return /^\/(?:home|root|run\/user)(?:\/|$)/.test(path);
}
