const OWN = new Set(['DatasourceNoData', 'DatasourceError', 'TestAlert']);

/** Alerts that Grafana raises on its own account. They carry the labels of the rule that they stand for. */
export function isGrafanasOwn(alertname: string): boolean {
  return OWN.has(alertname);
}
