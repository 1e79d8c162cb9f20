import { Argument, Command, CommanderError, Option } from 'commander';
import { FINAL_STATES, UNFINISHED_STATES } from '../execution/execution.ts';
import { createLogger } from '../report/log.ts';
import { version } from '../version.ts';
import { completionFor, SHELLS } from './completion.ts';
import { type CommandContext, CommandError, DONE, type ExitCode, NO, USAGE } from './context.ts';
import { collect, upTo } from './option-values.ts';
import { surviveLostOutput } from './standard-streams.ts';
import { terminalOf } from './terminal.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

interface CommonOptions {
  readonly config?: string;
  readonly logLevel: string;
  readonly logFormat?: 'json' | 'pretty';
}

type Action = (context: CommandContext, options: Record<string, unknown>, args: readonly string[]) => Promise<ExitCode>;

/** Parses the arguments and runs one command; the exit code. Never throws. */
export async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  surviveLostOutput();
  let exitCode: number = DONE;
  const program = build((action) => async (...received: unknown[]) => {
    const command = received.at(-1) as Command;
    exitCode = await perform(action, command, env);
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : USAGE;
    throw error;
  }
}

async function perform(action: Action, command: Command, env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const options = command.optsWithGlobals<CommonOptions>();
  const secrets: string[] = [];
  const context: CommandContext = {
    configFile: options.config ?? env['FORESTALL_CONFIG'] ?? 'config/forestall.yaml',
    env,
    logger: createLogger({
      level: options.logLevel,
      format: options.logFormat ?? (process.stderr.isTTY ? 'pretty' : 'json'),
      colour: terminalOf(process.stderr, env).colour,
      secrets: () => secrets,
    }),
    terminal: terminalOf(process.stdout, env),
    keepSecret: (values) => void secrets.push(...values),
    print: (text) => void process.stdout.write(text),
    complain: (text) => void process.stderr.write(`${text}\n`),
  };
  try {
    return await action(context, options as unknown as Record<string, unknown>, command.args);
  } catch (error) {
    if (error instanceof CommandError) {
      context.complain(error.message);
      return error.exitCode;
    }
    context.logger.error({ err: error }, 'the command failed');
    context.complain(`forestall: ${error instanceof Error ? error.message : String(error)}`);
    return NO;
  }
}

function build(wrap: (action: Action) => (...received: unknown[]) => Promise<void>): Command {
  const program = new Command('forestall')
    .description(
      'Fixes what a forecast says will break: predictions become alerts, alerts become guarded playbook runs.',
    )
    .version(version(), '--version', 'print the version')
    .exitOverride()
    .showHelpAfterError('(forestall --help shows the commands)');

  /** A command with the options that all have. */
  const add = (name: string, summary: string): Command =>
    program
      .command(name)
      .description(summary)
      .exitOverride()
      .addOption(
        new Option('--config <file>', 'configuration file (default: $FORESTALL_CONFIG or config/forestall.yaml)'),
      )
      .addOption(new Option('--log-level <level>', 'least level that is logged').choices(LOG_LEVELS).default('info'))
      .addOption(new Option('--log-format <format>', 'default: pretty on a terminal').choices(['json', 'pretty']));

  add('serve', 'run the service: webhook, exporter, API').action(
    wrap(async (context) => await (await import('./serve.ts')).serve(context)),
  );

  add('run', 'one pass for cron or a timer: read, decide, execute, report')
    .option('--dry-run', "stop after the playbooks' dry runs")
    .option('--json', 'print one JSON document')
    .action(
      wrap(async (context, { dryRun, json }) =>
        (await import('./run.ts')).run(context, { dryRun: dryRun === true, json: json === true }),
      ),
    );

  add('check', 'validate configuration, mapping, playbooks, facts and generated rules')
    .option('--probe', 'also ask every fact and source once')
    .option('--json', 'print JSON')
    .action(
      wrap(async (context, { probe, json }) =>
        (await import('./check.ts')).check(context, { probe: probe === true, json: json === true }),
      ),
    );

  add('rules', 'write the Prometheus alert rules generated from the mapping')
    .option('--output <file>', 'where to write; - is standard output', 'alert-rules/predictions.rules.yml')
    .option('--check', 'write nothing; exit 1 when the file differs')
    .option('--json', 'print what was done as JSON')
    .action(
      wrap(async (context, { output, check, json }) =>
        (await import('./rules.ts')).rules(context, {
          output: String(output),
          check: check === true,
          json: json === true,
        }),
      ),
    );

  add('doctor', 'ask the live Prometheus and Alertmanager whether the loop is closed')
    .option('--send-test-alert', 'also let Alertmanager deliver an alert that is ignored here')
    .option('--json', 'print JSON')
    .action(
      wrap(async (context, { sendTestAlert, json }) =>
        (await import('./doctor.ts')).doctor(context, { sendTestAlert: sendTestAlert === true, json: json === true }),
      ),
    );

  add('explain', 'decide on one prediction, or one alert, and show every gate; no side effect')
    .option('--type <type>', 'prediction_type')
    .option('--resource <resource>', 'resource')
    .option('--days <days>', 'days until critical: a number, "now" or "never"')
    .option('--confidence <confidence>', 'probability that it comes true, 0 to 1')
    .option('--host <host>', 'host')
    .option('--alertname <name>', 'an alert that fires, in place of a prediction')
    .option('--label <name=value>', 'a label of the alert; as often as it has some', collect, [])
    .option('--json', 'print JSON')
    // Refused there, by the names of the options that were meant.
    .allowExcessArguments()
    .action(wrap(async (context, options, args) => (await import('./explain.ts')).explain(context, options, args)));

  add('replay', 'what another mapping would have decided on the past; nothing runs')
    .option('--since <duration>', 'how far back', '30d')
    .option('--mapping <file>', 'mapping to decide by (default: the configured one)')
    .option('--json', 'print JSON')
    .action(
      wrap(async (context, { since, mapping, json }) =>
        (await import('./replay.ts')).replayCommand(context, {
          since: String(since),
          mapping: mapping === undefined ? null : String(mapping),
          json: json === true,
        }),
      ),
    );

  add('forecast', 'forecast when series become critical')
    .option('--stdin', 'answer series that come as JSON lines on standard input')
    .option('--resource <resource>', 'only of this resource')
    .option('--json', 'print JSON')
    .action(
      wrap(async (context, { stdin, resource, json }) =>
        (await import('./forecast.ts')).forecastCommand(context, {
          stdin: stdin === true,
          json: json === true,
          resource: resource === undefined ? null : String(resource),
        }),
      ),
    );

  add('backtest', 'how the forecaster would have done over the past of this site')
    .option('--since <duration>', 'how far back, 15d at least', '60d')
    .option('--every <duration>', 'between two forecasts of a series', '1d')
    .option('--type <type>', 'only of this prediction_type')
    .option('--resource <resource>', 'only of this resource')
    .option('--max-series <n>', 'how many series of an entry, 1 to 10000', upTo(10_000), 500)
    .option('--json', 'print JSON')
    .action(
      wrap(async (context, { since, every, type, resource, maxSeries, json }) =>
        (await import('./backtest.ts')).backtestCommand(context, {
          since: String(since),
          every: String(every),
          type: type === undefined ? null : String(type),
          resource: resource === undefined ? null : String(resource),
          maxSeries: Number(maxSeries),
          json: json === true,
        }),
      ),
    );

  add('accuracy', 'how past forecasts did: error in days, calibration, share that came true')
    .option('--type <type>', 'only of this prediction type')
    .option('--resource <resource>', 'only of this resource')
    .option('--since <duration>', 'how far back, at most 400d', '90d')
    .option('--json', 'print JSON')
    .action(wrap(async (context, options) => (await import('./accuracy.ts')).accuracyCommand(context, options)));

  add('history', 'executions, newest first; with an ID, one of them')
    .argument('[id]', 'execution')
    .option('--playbook <name>', 'only of this playbook')
    .addOption(new Option('--state <state>', 'only in this state').choices([...UNFINISHED_STATES, ...FINAL_STATES]))
    .option('--limit <n>', 'how many, 1 to 500', upTo(500), 50)
    .option('--before <cursor>', 'only older ones: the cursor that an earlier list ended with')
    .addOption(
      new Option('--output <phase>', "with an ID: print a phase's captured output").choices(['dry_run', 'run']),
    )
    .option('--verify', 'hold the whole record against its hash chain; exit 1 where a row does not fit')
    .option('--head <head>', 'with --verify: a head of the chain that was noted elsewhere, NUMBER:HASH')
    .option('--json', 'print JSON')
    .action(wrap(async (context, options, args) => (await import('./history.ts')).history(context, options, args[0])));

  add('store', 'copy the ledger from one store into another')
    .addArgument(new Argument('<what>', 'what to do').choices(['copy']))
    .requiredOption('--from <store>', 'store to read, such as sqlite:data/forestall.db')
    .requiredOption('--to <store>', 'store to fill, such as postgres://forestall@db.example/forestall')
    .option('--password-file <file>', 'file with the password for PostgreSQL')
    .option('--json', 'print JSON')
    .action(
      wrap(async (context, { from, to, passwordFile, json }) =>
        (await import('./store.ts')).copy(context, {
          from: String(from),
          to: String(to),
          passwordFile: passwordFile === undefined ? null : String(passwordFile),
          json: json === true,
        }),
      ),
    );

  add('status', 'whether playbooks may run, what is predicted, what waits')
    .option('--json', 'print JSON')
    .action(wrap(async (context, { json }) => (await import('./status.ts')).status(context, { json: json === true })));

  for (const [name, approve, summary] of [
    ['approve', true, 'let an execution run that waits for confirmation'],
    ['reject', false, 'end an execution that waits for confirmation'],
  ] as const) {
    add(name, summary)
      .argument('<id>', 'execution')
      .option('--json', 'print JSON')
      .action(
        wrap(async (context, { json }, args) =>
          (await import('./answer.ts')).answer(context, { id: args[0]!, approve, json: json === true }),
        ),
      );
  }

  add('pause', 'stop automation until it is resumed')
    .option('--for <duration>', 'end by itself after this, such as 2h')
    .option('--name <name>', 'name of the pause', 'manual')
    .option('--reason <text>', 'why')
    .option('--json', 'print JSON')
    .action(wrap(async (context, options) => (await import('./pause.ts')).pause(context, options)));

  add('resume', 'lift a pause')
    .option('--name <name>', 'name of the pause', 'manual')
    .option('--all', 'lift all pauses')
    .option('--json', 'print JSON')
    .action(wrap(async (context, options) => (await import('./pause.ts')).resume(context, options)));

  add('init', 'write configuration, mapping, token, rules and unit files for this machine')
    .option('--directory <folder>', 'where to; nothing in it is overwritten', '.')
    .option('--yes', 'take what is found, ask nothing')
    .option('--prometheus <url>', 'where to look for it (default: http://127.0.0.1:9090)')
    .option('--alertmanager <url>', 'where to look for it (default: http://127.0.0.1:9093)')
    .option('--json', 'print what was found and written as JSON')
    .action(
      wrap(async (context, { directory, yes, prometheus, alertmanager, json }) =>
        (await import('./init.ts')).init(context, {
          directory: String(directory),
          yes: yes === true,
          json: json === true,
          prometheus: prometheus === undefined ? null : String(prometheus),
          alertmanager: alertmanager === undefined ? null : String(alertmanager),
        }),
      ),
    );

  add('convert', 'print the mapping of a routing table that leads alerts to playbooks (YAML)')
    .argument('<file>', 'the table')
    .action(wrap(async (context, _options, args) => await (await import('./convert.ts')).convert(context, args[0]!)));

  add('demo', 'the whole loop on this machine in a throw-away folder').action(
    wrap(async (context) => (await import('./demo.ts')).demo(context)),
  );

  add('completion', 'print a completion script for bash, zsh or fish')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(
      wrap(async (context, _options, args) => {
        context.print(completionFor(args[0] as (typeof SHELLS)[number], program));
        return DONE;
      }),
    );

  return program;
}
