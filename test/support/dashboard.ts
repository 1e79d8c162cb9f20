import { readText } from './source-text.ts';

export const DASHBOARD = 'deploy/grafana/dashboards/forestall.json';

export interface Target {
  readonly datasource: { readonly type: string; readonly uid: string };
  readonly expr: string;
  readonly legendFormat: string;
  readonly refId: string;
  readonly instant: boolean;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly interval?: string;
  readonly repeat?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig: { readonly defaults: { readonly unit?: string }; readonly overrides: readonly any[] };
  readonly options: any;
  readonly targets: readonly Target[];
}

export interface Variable {
  readonly type: string;
  readonly name: string;
  readonly label: string;
  readonly refresh: number;
  readonly query: any;
  readonly datasource?: { readonly uid: string };
  readonly multi: boolean;
  readonly current: unknown;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly editable: boolean;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: {
    readonly list: readonly { readonly name: string; readonly expr: string; readonly datasource: any }[];
  };
}

export const dashboard = JSON.parse(readText(DASHBOARD)) as Dashboard;
export const panels = dashboard.panels.filter(({ type }) => type !== 'row');

/** An expression of the dashboard as Grafana sends it while every variable says "All". */
export function asSent(expr: string): string {
  return expr
    .replaceAll('$__rate_interval', '9m')
    .replaceAll('$__range', '10m')
    .replace(/\$(\w+)/g, (_all, name: string) => {
      if (!dashboard.templating.list.some((variable) => variable.name === name)) throw new Error(`no variable ${name}`);
      return '.+';
    });
}

/** Every expression of panels and annotations, with where it stands. */
export const expressions: readonly (readonly [where: string, expr: string])[] = [
  ...panels.flatMap(({ title, targets }) => targets.map(({ refId, expr }) => [`${title}, ${refId}`, expr] as const)),
  ...dashboard.annotations.list.map(({ name, expr }) => [`annotation ${name}`, expr] as const),
];

/** The query of a variable as metric (with matchers) and label. */
export function labelQuery(variable: Variable): { readonly metric: string; readonly label: string } {
  const found = /^label_values\((.+), (\w+)\)$/.exec(variable.query.query);
  if (found === null) throw new Error(`${variable.name} asks for no label: ${variable.query.query}`);
  return { metric: found[1]!, label: found[2]! };
}
