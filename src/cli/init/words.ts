import { type Choices, monitoringToken, serviceUser } from './choices.ts';
import type { Found } from './survey.ts';
import { isBelowHomes } from './units.ts';

/** What was found, a line each. */
export function foundInWords(found: Found): readonly string[] {
  const { mount_points, systemd, containers, prometheus, alertmanager, predictions } = found;
  return [
    `mount points on disk: ${mount_points.length > 0 ? mount_points.join(', ') : 'none, / is taken'}`,
    `systemd: ${systemd ? 'yes' : 'no; see docs/install.md for cron and containers'}`,
    ...(containers.length > 0 ? [`containers: ${containers.join(', ')}`] : []),
    `Prometheus: ${prometheus ?? 'none answers'}`,
    `Alertmanager: ${alertmanager ?? 'none answers'}`,
    ...(predictions === null ? [] : [`predictions: ${predictions}`]),
  ];
}

/** What to type next; each is a line for a shell. */
export function nextCommands(choices: Choices, program: string): readonly string[] {
  const { directory, systemd, isRoot, prometheus } = choices;
  const config = `--config ${directory}/config/forestall.yaml`;
  const first = [`${program} check ${config}`];
  if (!systemd) {
    return [
      ...first,
      `${program} run --dry-run ${config}`,
      `${program} serve ${config}`,
      // Asks the service too, so that it comes last, from another terminal.
      ...(prometheus === null ? [] : [`${program} doctor ${config}`]),
    ];
  }
  const units = `${directory}/deploy/systemd`;
  const sudo = isRoot ? '' : 'sudo ';
  return [
    ...first,
    ...(isRoot
      ? [
          `id ${serviceUser(choices)} || useradd --system --user-group --shell /usr/sbin/nologin ${serviceUser(choices)}`,
          `install -m 644 ${units}/50-forestall-playbook.rules /etc/polkit-1/rules.d/`,
          `install -D -m 640 -g prometheus ${directory}/config/token ${monitoringToken(choices)}`,
        ]
      : []),
    `${sudo}install -m 644 ${units}/*.service ${units}/*.timer /etc/systemd/system/`,
    `${sudo}systemctl daemon-reload && ${sudo}systemctl enable --now forestall.service`,
    `${program} doctor ${config}`,
  ];
}

/** What will not work as it is. */
export function warningsOf({ isRoot, systemd, home, directory, mountPoints }: Choices): readonly string[] {
  const unreachable = [home, directory].filter(isBelowHomes);
  return [
    ...(systemd && isRoot && unreachable.length > 0
      ? [
          `the service runs as forestall, which as a rule cannot read ${unreachable.join(' and ')}: see docs/install.md for better places`,
        ]
      : []),
    ...(mountPoints.length === 0
      ? ['no mount point is watched: add mappings for what is to be kept from filling up']
      : []),
  ];
}
