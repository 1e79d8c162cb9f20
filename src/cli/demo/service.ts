/** What the demo reads of decisions and executions. */
export interface WireDecision {
  readonly verdict: string;
  readonly reason: string;
  readonly trigger: string;
  readonly execution_id: string | null;
  readonly gates: readonly { readonly gate: string; readonly outcome: string; readonly message: string }[];
}

export interface WirePhase {
  readonly duration_seconds: number;
  readonly error: string | null;
  readonly result: {
    readonly summary: string | null;
    readonly changes: number | null;
    readonly freed_bytes: number | null;
  } | null;
}

export interface WireExecution {
  readonly id: string;
  readonly state: string;
  readonly message: string;
  readonly dry_run: WirePhase | null;
  readonly run: WirePhase | null;
}

/** The running service as its users see it: over HTTP. */
export interface Service {
  readonly address: string;
  /** The generated alert rules. */
  readonly rules: string;
  /** The lines of `/metrics` that are samples. */
  samples(): Promise<readonly string[]>;
  /** The newest decision; null before the first. */
  decision(): Promise<WireDecision | null>;
  execution(id: string): Promise<WireExecution>;
  /** The lines that a phase printed. */
  output(id: string, phase: 'dry_run' | 'run'): Promise<readonly string[]>;
  /** Posts the alert as Alertmanager would; words about the answer. */
  postAlert(resource: string, days: number, confidence: number): Promise<string>;
}

export function createService(address: string, token: string, rules: string): Service {
  const headers = { authorization: `Bearer ${token}` };
  const get = async (path: string): Promise<Response> => {
    const answer = await fetch(`http://${address}${path}`, { headers });
    if (!answer.ok && answer.status !== 404) throw new Error(`${path} answered ${answer.status}`);
    return answer;
  };
  return {
    address,
    rules,
    async samples() {
      return (await (await get('/metrics')).text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    },
    async decision() {
      const { items } = (await (await get('/api/v1/decisions?limit=1')).json()) as { items: WireDecision[] };
      return items[0] ?? null;
    },
    async execution(id) {
      return (await (await get(`/api/v1/executions/${id}`)).json()) as WireExecution;
    },
    async output(id, phase) {
      const answer = await get(`/api/v1/executions/${id}/output?phase=${phase}`);
      return answer.ok ? (await answer.text()).split('\n').filter((line) => line !== '') : [];
    },
    async postAlert(resource, days, confidence) {
      const labels = { alertname: 'DiskExhaustionPredicted', prediction_type: 'disk_exhaustion', resource };
      const annotations = { days_until_critical: String(days), confidence: String(confidence) };
      const startsAt = new Date().toISOString();
      const body = {
        version: '4',
        groupKey: '{}:{alertname="DiskExhaustionPredicted"}',
        truncatedAlerts: 0,
        status: 'firing',
        receiver: 'forestall',
        groupLabels: {},
        commonLabels: labels,
        commonAnnotations: annotations,
        externalURL: 'http://127.0.0.1:9093',
        alerts: [
          {
            status: 'firing',
            labels,
            annotations,
            startsAt,
            endsAt: '0001-01-01T00:00:00Z',
            generatorURL: '',
            fingerprint: '',
          },
        ],
      };
      const answer = await fetch(`http://${address}/webhook`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return `posted one alert to the webhook: ${answer.status}`;
    },
  };
}
