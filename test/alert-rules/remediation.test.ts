import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ESCALATED } from '../../src/execution/escalated.ts';
import { alertsOf } from '../support/rules.ts';
import { filesBelow, readText } from '../support/source-text.ts';

const alerts = alertsOf('alert-rules/remediation.rules.yml');

interface TestFile {
  readonly tests: readonly {
    readonly alert_rule_test?: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}
const tested = filesBelow('alert-rules')
  .filter((file) => /\/remediation[\w-]*\.test\.yml$/.test(file))
  .flatMap((file) => (parse(readText(file)) as TestFile).tests.flatMap(({ alert_rule_test = [] }) => alert_rule_test));

describe('alert-rules/remediation.rules.yml', () => {
  it.each(alerts.map((rule) => [rule.alert, rule] as const))(
    '%s says what happened and where to read on',
    (alert, rule) => {
      const { summary, description, runbook, ...others } = rule.annotations;
      expect(alert).toMatch(/^Forestall[A-Z]/);
      expect(summary).toMatch(/\w{3}/);
      expect(description).toMatch(/\.$/);
      expect(runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
      expect(others).toEqual({});
      expect(rule.labels).toEqual({
        severity: expect.stringMatching(/^(?:critical|warning|none)$/),
        component: 'forestall',
      });
    },
  );

  // A template of a label that the expression drops would show nothing.
  it.each(alerts.map((rule) => [rule.alert, rule] as const))(
    '%s names only labels that its expression keeps',
    (_alert, { expr, annotations }) => {
      const named = [
        ...Object.values(annotations)
          .join()
          .matchAll(/\$labels\.(\w+)/g),
      ].map(([, label]) => label!);
      const kept = /^(?:count|sum|max|min)(?: by \(([^)]*)\))? ?\(/.exec(expr);
      const labels = kept === null ? ['instance', 'job', 'source'] : (kept[1] ?? '').split(', ');
      expect(named.filter((label) => !labels.includes(label))).toEqual([]);
    },
  );

  it('no alert can be taken for a prediction', () => {
    for (const { expr, labels } of alerts) {
      expect(Object.keys(labels)).not.toContain('prediction_type');
      expect(expr).not.toMatch(/^\w+(?: by)? \([^)]*\b(?:prediction_type|resource|host)\b/);
    }
    expect(alerts.filter(({ expr }) => /^prediction_(?!source_up)/.test(expr))).toEqual([]);
  });

  it.each(alerts.map(({ alert }) => alert))(
    '%s has a test in which it fires, and one in which it must not',
    (alert) => {
      const own = tested.filter(({ alertname }) => alertname === alert);
      expect(own.some(({ exp_alerts }) => exp_alerts.length > 0)).toBe(true);
      // The watchdog is the one that is always there.
      expect(own.some(({ exp_alerts }) => exp_alerts.length === 0)).toBe(alert !== 'ForestallWatchdog');
    },
  );

  it('every alert has its section in the runbook, and no section is about nothing', () => {
    const sections = [...readText('docs/runbook.md').matchAll(/^## (Forestall\w+)$/gm)].map(([, name]) => name!);
    expect(sections.sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  });

  it('takes what is escalated by max, and once', () => {
    const asking = alerts.filter(({ expr }) => expr.includes('proactive_remediation_escalated'));
    for (const { alert, expr } of asking)
      expect(expr, alert).toMatch(/^max by \(playbook\) \(proactive_remediation_escalated\{reason="\w+"\}\) > 0/);
    const reasons = asking.map(({ expr }) => /reason="(\w+)"/.exec(expr)![1]);
    // An open circuit has a gauge, and an alert, of its own.
    expect(reasons.sort()).toEqual(ESCALATED.filter((reason) => reason !== 'circuit_open').sort());
  });

  it('takes counters of the ledger by max, so that replicas count once', () => {
    const ofTheLedger = /proactive_remediation_(?:executions|decisions|outcomes)_total/;
    for (const { alert, expr } of alerts.filter((rule) => ofTheLedger.test(rule.expr))) {
      for (const [text] of expr.matchAll(/^.*_total.*$/gm)) expect(text, alert).toMatch(/\bmax by \(/);
    }
  });
});
