import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { blocksOf, type Command, commandsOf } from '../docs/page.ts';
import { hasAlertmanager } from '../support/alertmanager.ts';
import { type Machine, newcomer, type Unit } from '../support/newcomer.ts';
import { hasNodeExporter } from '../support/node-exporter.ts';
import { hasPrometheus, query } from '../support/prometheus.ts';
import { readText } from '../support/source-text.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const PAGE = 'docs/getting-started.md';
const installed = hasPrometheus && hasAlertmanager && hasNodeExporter;
const WAIT = { timeout: 60_000, interval: 50 };

it('the page can be followed wherever it has to be', () =>
  expect(installed || process.env['CI'] !== 'true').toBe(true));

const text = readText(PAGE);
const headings = text.split('\n').flatMap((line, at) => (/^##+ /.test(line) ? [{ line: at + 1, title: line }] : []));
const sectionOf = ({ line }: { readonly line: number }) => headings.findLast((heading) => heading.line < line)?.title;
const followed: string[] = [];

/** The commands below a heading. */
function section(title: string): readonly Command[] {
  followed.push(title);
  return commandsOf(PAGE).filter((command) => sectionOf(command) === title);
}

/** Rows `| \`unit\` | who tells | [Alert](runbook.md#alert) … |` of the last step. */
const rows = [...text.matchAll(/^\| `(\S+)` \| ([^|]+) \| (.+) \|$/gm)].map(([, unit, who, what]) => ({
  unit: unit as Unit,
  who: who!,
  alerts: [...what!.matchAll(/\[(\w+)\]\((runbook\.md#\w+)\)/g)].map(([, name, link]) => ({
    name: name!,
    link: link!,
  })),
}));
const alertsOf = (unit: Unit) => rows.find((row) => row.unit === unit)!.alerts;

type Document = Record<string, any>;

/** What a reader does who takes a block over: theirs stays, ours comes before it, and what has a name is there once. */
function takenOver(theirs: any, ours: any): any {
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    const nameOf = (entry: any) => entry.name ?? entry.job_name;
    const names = theirs.map(nameOf).filter((name) => name !== undefined);
    return [...ours.filter((entry: any) => !names.includes(nameOf(entry))), ...theirs];
  }
  if (typeof theirs !== 'object' || typeof ours !== 'object') return theirs ?? ours;
  const keys = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])];
  return Object.fromEntries(
    keys.map((key) => [
      key,
      key in theirs && key in ours ? takenOver(theirs[key], ours[key]) : (theirs[key] ?? ours[key]),
    ]),
  );
}

describe.runIf(installed)('from a bare machine to a loop that is closed', () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await newcomer();
  });

  // Each step stands on the one before: what comes after a failure need not wait for its time-outs.
  let failed: string | null = null;
  beforeEach(() => expect(failed, 'a step before this one failed').toBe(null));
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') failed ??= task.name;
  });

  /** What `forestall doctor` says in the end. */
  const closed = () => machine.followUntil(section('## 6. Is it closed?')[0]!, () => true);
  const yaml = (title: string) =>
    blocksOf(PAGE)
      .filter((block) => block.language === 'yaml' && sectionOf(block) === title)
      .map((block) => parse(machine.adapted(block.text)) as Document);
  const firing = (alert: string) =>
    eventually(
      async () => (await query(machine.prometheus(), `ALERTS{alertname="${alert}",alertstate="firing"}`))[0],
      WAIT,
    );
  /** Resolves with what people are told of an alert after so many others. */
  const told = (alert: string, status: 'firing' | 'resolved', after: number) =>
    eventually(
      () =>
        machine.people.slice(after).find(({ labels, ...one }) => labels.alertname === alert && one.status === status),
      WAIT,
    );
  /** Resolves when the dead man's switch hears of the watchdog again. */
  const ping = async () => {
    const heard = machine.watchdog.length;
    await eventually(() => machine.watchdog.length > heard + 1, WAIT);
  };

  it('is installed, set up and started', async () => {
    await machine.follow(section('## 1. Prometheus, Alertmanager, node_exporter'));
    await machine.follow(section('## 2. Forestall'));
    await machine.follow(section('## 3. Let it look around'));
    await machine.hurry();
    const [token, serve, ready] = section('## 4. Start it');
    await machine.follow([token!, serve!]);
    await machine.followUntil(ready!, () => true);
  });

  it('closes the loop of a reader who has Prometheus and Alertmanager', async () => {
    const title = '### With your own';
    const [prometheus, alertmanager] = yaml(title);
    machine.edit('prometheus.yml', (theirs) => stringify(takenOver(parse(theirs), prometheus)));
    machine.edit('alertmanager.yml', (theirs) => stringify(takenOver(parse(theirs), alertmanager)));
    await machine.follow(section(title));
    await closed();
    await ping();
  });

  it('closes the loop of one who had nothing', async () => {
    await machine.follow(section("### With Debian's, as they were installed"));
    await closed();
    await ping();
    expect(new Set(machine.watchdog.map(({ labels }) => labels.alertname))).toEqual(new Set(['ForestallWatchdog']));
  });

  it('acts on a prediction, as a dry run', async () => {
    const [publish, history] = section('## 7. See it act');
    await machine.follow([publish!]);
    await machine.followUntil(history!, (output) => / (?:dry_run_only|nothing_to_do) +disk-cleanup /.test(output));
  });

  it('names each of the four, and a section of the runbook for each alert', () => {
    expect(rows.map(({ unit }) => unit).toSorted()).toEqual([
      'forestall',
      'prometheus',
      'prometheus-alertmanager',
      'prometheus-node-exporter',
    ]);
    const sections = [...readText('docs/runbook.md').matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
    for (const { name, link } of rows.flatMap(({ alerts }) => alerts)) {
      expect(sections).toContain(name);
      expect(link).toBe(`runbook.md#${name.toLowerCase()}`);
    }
  });

  it.each(rows.filter(({ who }) => who === 'people'))('$unit killed: people hear of it', async ({ unit, alerts }) => {
    const before = machine.people.length;
    await machine.kill(unit);
    expect(await told(alerts[0]!.name, 'firing', before)).toMatchObject({
      labels: { severity: 'critical', job: unit === 'forestall' ? 'forestall' : 'node' },
      annotations: { runbook: `docs/${alerts[0]!.link}` },
    });
    await machine.start(unit);
    await told(alerts[0]!.name, 'resolved', before);
  });

  it("Alertmanager killed: the dead man's switch hears no more, and Prometheus shows it", async () => {
    const unit = 'prometheus-alertmanager';
    await ping();
    await machine.kill(unit);
    const heard = machine.watchdog.length;
    expect(alertsOf(unit).map(({ name }) => name)).toEqual(['ForestallWatchdog', 'ForestallMonitoringDown']);
    expect((await firing('ForestallMonitoringDown')).metric).toMatchObject({ job: 'alertmanager' });
    expect(machine.watchdog.length).toBe(heard);
    await machine.start(unit);
    await ping();
  });

  it("Prometheus killed: the dead man's switch hears no more, though Alertmanager delivers", async () => {
    const unit = 'prometheus';
    await machine.kill(unit);
    expect(alertsOf(unit).map(({ name }) => name)).toEqual(['ForestallWatchdog']);
    const alerts = `${machine.alertmanager().url}/api/v2/alerts`;
    await eventually(async () => {
      const known = (await (await fetch(alerts)).json()) as any[];
      return !known.some(({ labels }) => labels.alertname === 'ForestallWatchdog');
    }, WAIT);
    const heard = machine.watchdog.length;
    const before = machine.people.length;
    // Somebody else's alert goes its way, in which time the watchdog would have been said again.
    await fetch(alerts, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ labels: { alertname: 'Other' } }]),
    });
    const again = () => machine.people.slice(before).filter(({ labels }) => labels.alertname === 'Other').length >= 3;
    await eventually(again, WAIT);
    expect(machine.watchdog.length).toBe(heard);
    await machine.start(unit);
    await ping();
  });

  it('and everything is as it was, the one execution too', async () => {
    await closed();
    const output = await machine.followUntil(section('## 7. See it act')[1]!, () => true);
    expect(output.match(/disk-cleanup/g)).toHaveLength(1);
  });

  it('nothing that the page says to type was left out', () => {
    expect(new Set(commandsOf(PAGE).map(sectionOf))).toEqual(new Set(followed));
  });
});
