import type { FactConfig } from '../config/config.ts';
import type { CheckResult } from '../execution/execution.ts';
import { evaluateCheck, parseCheckExpression, resolveFact } from '../mapping/check-expression.ts';
import type { Prediction } from '../prediction/prediction.ts';
import { commandFact } from './command-fact.ts';
import { type Fact, type FactAnswer, NoSubject, type QueryScalar, type RunCommand, seconds, shown } from './fact.ts';
import { BUILT_IN } from './facts/built-in.ts';
import { createStatFileSystem } from './facts/file-system.ts';
import { promqlFact } from './promql-fact.ts';

export interface SafetyOptions {
  /** Configured facts; one with the name of a built-in fact takes its place. */
  readonly facts: Readonly<Record<string, FactConfig>>;
  readonly runCommand: RunCommand;
  /** Null where Prometheus is not configured: facts that ask it fail. */
  readonly queryScalar: QueryScalar | null;
  readonly critical_services: readonly string[];
  readonly backup_units: readonly string[];
  readonly now: () => number;
  /** Default `/proc`. */
  readonly procRoot?: string;
  /** Default `/run/systemd/system`. */
  readonly systemdRoot?: string;
  /** Default: whether this process is root's. */
  readonly isRoot?: boolean;
  /** Milliseconds that a built-in fact may take; default 10 s. */
  readonly timeout?: number;
}

export interface ProbeResult {
  readonly fact: string;
  /** Null where it could not be had. */
  readonly value: number | boolean | null;
  readonly message: string;
  /** It was asked without a prediction and has an answer only about one. */
  readonly needsSubject: boolean;
}

export interface Safety {
  /** Asks every check, in their order; never rejects. Doubt of any kind is a check that did not pass. */
  check(expressions: readonly string[], subject: { readonly prediction: Prediction }): Promise<readonly CheckResult[]>;
  /** Asks every fact once, sorted by name; never rejects. */
  probe(subject?: { readonly prediction: Prediction }): Promise<readonly ProbeResult[]>;
}

type Asked = (FactAnswer | { readonly value: null; readonly message: string }) & { readonly needsSubject: boolean };

/** What a command may need beyond its time-out until its processes are ended. */
const SLACK = 8000;
const DEFAULT_TIMEOUT = 10_000;

/** Safety checks over facts. Facts are asked in parallel, each once for all the expressions that name it. */
export function createSafety(options: SafetyOptions): Safety {
  const statFileSystem = createStatFileSystem(options.now);
  const builtInTimeout = options.timeout ?? DEFAULT_TIMEOUT;
  const facts = new Map<string, { readonly fact: Fact; readonly limit: number }>();
  for (const [name, fact] of Object.entries(BUILT_IN)) facts.set(name, { fact, limit: builtInTimeout });
  for (const config of Object.values(options.facts)) {
    const fact =
      config.kind === 'command'
        ? commandFact(config.command, config.timeout)
        : promqlFact(config.promql, config.timeout, options.queryScalar);
    facts.set(config.name, { fact, limit: config.timeout + SLACK });
  }
  const names = new Set(facts.keys());

  const ask = async (name: string, prediction: Prediction | null): Promise<Asked> => {
    const known = facts.get(name);
    if (known === undefined)
      return { value: null, message: `nobody defines the fact ${shown(name)}`, needsSubject: false };
    try {
      const answer = known.fact({
        prediction,
        runCommand: options.runCommand,
        criticalServices: options.critical_services,
        backupUnits: options.backup_units,
        // A tool behind a built-in fact is ended before the fact itself is given up, so that its message is the one told.
        timeout: Math.max(1, builtInTimeout - Math.min(3000, builtInTimeout / 2)),
        procRoot: options.procRoot ?? '/proc',
        systemdRoot: options.systemdRoot ?? '/run/systemd/system',
        statFileSystem,
        isRoot: options.isRoot ?? process.geteuid?.() === 0,
      });
      return { ...(await within(answer, known.limit)), needsSubject: false };
    } catch (error) {
      return {
        value: null,
        message: error instanceof Error ? error.message : shown(String(error)),
        needsSubject: error instanceof NoSubject,
      };
    }
  };

  return {
    async check(expressions, { prediction }) {
      const answers = new Map<string, Promise<Asked>>();
      return Promise.all(
        expressions.map(async (check): Promise<CheckResult> => {
          const parsed = parseCheckExpression(check);
          if (!parsed.ok) return { check, value: null, passed: false, message: parsed.problem };
          const expression = resolveFact(parsed.expression, names);
          if (expression === null) {
            return { check, value: null, passed: false, message: `nobody defines the fact ${parsed.expression.fact}` };
          }
          const answer = answers.get(expression.fact) ?? ask(expression.fact, prediction);
          answers.set(expression.fact, answer);
          const { value, message } = await answer;
          if (value === null)
            return { check, value, passed: false, message: `${expression.fact} could not be had: ${message}` };
          return {
            check,
            value,
            passed: evaluateCheck(expression, value),
            message: `${expression.fact} is ${told(value)}: ${message}`,
          };
        }),
      );
    },
    async probe(subject) {
      const prediction = subject?.prediction ?? null;
      return Promise.all([...names].sort().map(async (fact) => ({ fact, ...(await ask(fact, prediction)) })));
    },
  };
}

function told(value: number | boolean): string {
  return typeof value === 'number' ? String(Math.round(value * 100) / 100) : String(value);
}

async function within<T>(promise: Promise<T>, limit: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`did not answer within ${seconds(limit)}`)), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
