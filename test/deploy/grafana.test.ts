import { beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { asSent, dashboard, expressions, labelQuery, panels } from '../support/dashboard.ts';
import { readExposition } from '../support/exposition.ts';
import { startLivingService } from '../support/living.ts';
import { worldOf } from '../support/metrics-page.ts';
import { parsePromql, selectors } from '../support/promql-tree.ts';
import { impossibilities, type World } from '../support/promql-world.ts';
import { shippedJobs } from '../support/rules.ts';
import { readText } from '../support/source-text.ts';

vi.setConfig({ hookTimeout: 120_000 });

const variables = dashboard.templating.list;
/** Those of Grafana's units that this dashboard may use. */
const UNITS = ['none', 'short', 'percentunit', 's', 'd', 'dateTimeAsIso', 'ops'];

/** The rules of Grafana's dashboard-linter, but for `job` and `instance` variables: every replica shows the same ledger. */
describe('the dashboard', () => {
  it('has a fixed identity, cannot be edited in place, and says what it is', () => {
    expect(dashboard).toMatchObject({ uid: 'forestall', title: 'Forestall', editable: false });
    expect(dashboard).not.toHaveProperty('id');
    expect(dashboard).not.toHaveProperty('__inputs');
    expect(dashboard.description).toMatch(/\.$/);
  });

  it('has one data source, a variable, and nothing names another', () => {
    const [source, ...others] = variables.filter(({ type }) => type === 'datasource');
    expect(source).toMatchObject({ name: 'datasource', label: 'Data source', query: 'prometheus', current: {} });
    expect(others).toEqual([]);
    const named: unknown[] = [];
    JSON.stringify(dashboard, (key, value: unknown) => {
      if (key === 'datasource') named.push(typeof value === 'object' ? (value as { uid: unknown }).uid : value);
      return value;
    });
    expect(named.length).toBeGreaterThan(panels.length);
    expect(new Set(named)).toEqual(new Set([`\${datasource}`]));
    for (const panel of panels) expect(panel.datasource?.uid, panel.title).toBe(`\${datasource}`);
  });

  it('has variables that are used, and asked again when the time changes', () => {
    const asking = variables.filter(({ type }) => type === 'query');
    const text = JSON.stringify([dashboard.panels, dashboard.annotations, asking.map(({ query }) => query)]);
    for (const variable of asking) {
      expect(variable.refresh, variable.name).toBe(2);
      expect(variable.multi, variable.name).toBe(true);
      expect(text.includes(`$${variable.name}`), variable.name).toBe(true);
    }
    // A value that was chosen where it was made is on no other Grafana.
    for (const variable of asking) expect(JSON.stringify(variable.current)).toContain('$__all');
    for (const [where, expr] of expressions) expect(expr, where).not.toMatch(/[^~]"\$\w/);
  });

  it('has panels with title, description, unit, interval and queries', () => {
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    for (const { title, description, type, fieldConfig, targets, interval } of panels) {
      expect(title).toMatch(/^[A-Z]/);
      expect(description, title).toMatch(/\.$/);
      if (type === 'alertlist') continue;
      expect(UNITS, title).toContain(fieldConfig.defaults.unit);
      expect(interval, title).toBe('1m');
      expect(targets.length, title).toBeGreaterThan(0);
      expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
    }
  });

  it('has panels that neither share a number nor lie upon each other', () => {
    const all = dashboard.panels;
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const one of all) {
      const { x, y, w, h } = one.gridPos;
      expect(x + w, one.title).toBeLessThanOrEqual(24);
      const upon = all.filter(
        (other) =>
          other !== one &&
          other.gridPos.x < x + w &&
          x < other.gridPos.x + other.gridPos.w &&
          other.gridPos.y < y + h &&
          y < other.gridPos.y + other.gridPos.h,
      );
      expect(
        upon.map(({ title }) => title),
        one.title,
      ).toEqual([]);
    }
  });

  it('shows what the plan and the issue ask for', () => {
    const titles = panels.map(({ title }) => title);
    expect(titles).toEqual(
      expect.arrayContaining([
        'Timeline of executions',
        'Success rate',
        'Executions by playbook',
        'Time since last run',
        'Estimated incidents prevented',
        'Days until critical: $mapping',
        'Confidence',
        'Age of predictions',
        'Precision of forecasts',
        'Brier score of forecasts',
        'Error of forecasts',
        'Decisions by reason',
        'Budgets left',
        'Durations',
        'Days gained per run',
        'Notification failures',
        'Alerts',
      ]),
    );
    expect(panels.find(({ title }) => title === 'Alerts')?.type).toBe('alertlist');
    expect(dashboard.annotations.list.map(({ name }) => name)).toEqual(['Runs']);
  });

  it("draws the mapping's window as a band, once for each mapping", () => {
    const panel = panels.find(({ title }) => title.startsWith('Days until critical'))!;
    expect(panel.repeat).toBe('mapping');
    expect(panel.targets.map(({ legendFormat }) => legendFormat)).toEqual([
      '{{resource}} {{host}}',
      'window from',
      'window to',
    ]);
    const upper = panel.fieldConfig.overrides.find(({ matcher }) => matcher.options === 'window to');
    expect(upper.properties).toContainEqual({ id: 'custom.fillBelowTo', value: 'window from' });
  });

  it.each(expressions)('%s: takes rates over $__rate_interval, and counters by their increase', (_where, expr) => {
    for (const { metric, range, around } of selectors(parsePromql(asSent(expr)))) {
      if (/^i?rate$/.test(around.at(-1) ?? '')) expect(range).toBe('[9m]');
      if (range !== null) expect(expr).not.toMatch(/\[\d+\w\]/);
      if (metric.endsWith('_total')) expect(around.at(-1)).toMatch(/^(?:i?rate|increase)$/);
      // Replicas on one ledger show the same: never summed before the instance is gone.
      if (/_(?:executions|decisions|outcomes)_total$/.test(metric)) expect(around).toContain('max');
    }
  });

  it('asks for a whole range only where it shows one value', () => {
    for (const { title, targets } of panels) {
      for (const { expr, instant } of targets) {
        if (expr.includes('$__range')) expect(instant, title).toBe(true);
      }
    }
  });
});

describe('its expressions, on what a real service exports', () => {
  let world: World;
  beforeAll(async () => {
    world = worldOf(readExposition(await (await startLivingService()).metrics()), shippedJobs());
  });

  it.each(expressions)('%s can have data', (_where, expr) => {
    expect(impossibilities(parsePromql(asSent(expr)), world)).toEqual([]);
  });

  it.each(variables.filter(({ type }) => type === 'query').map((variable) => [variable.name, variable] as const))(
    'variable %s asks for a label that is there',
    (_name, variable) => {
      const { metric, label } = labelQuery(variable);
      expect(impossibilities(parsePromql(asSent(metric)), world)).toEqual([]);
      expect(world.get(/^\w+/.exec(metric)![0])?.every(({ labels }) => label in labels)).toBe(true);
    },
  );
});

describe('provisioning', () => {
  const read = (file: string) => parse(readText(`deploy/grafana/provisioning/${file}`)) as any;

  it('serves the dashboard from its folder, read-only', () => {
    const { apiVersion, providers } = read('dashboards/forestall.yaml');
    expect(apiVersion).toBe(1);
    expect(providers).toMatchObject([
      {
        name: 'forestall',
        type: 'file',
        allowUiUpdates: false,
        options: { path: '/opt/forestall/deploy/grafana/dashboards' },
      },
    ]);
  });

  it('knows how often Prometheus scrapes, on which $__rate_interval depends', () => {
    const { global } = parse(readText('deploy/prometheus/prometheus.yml')) as { global: { scrape_interval: string } };
    expect(read('datasources/prometheus.yaml').datasources).toMatchObject([
      { uid: 'prometheus', type: 'prometheus', jsonData: { timeInterval: global.scrape_interval } },
    ]);
  });
});
