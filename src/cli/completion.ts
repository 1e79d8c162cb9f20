import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

interface Word {
  readonly flags: readonly string[];
  readonly description: string;
  /** What may follow; `file` is a path, null is nothing or free text. */
  readonly value: 'file' | readonly string[] | null;
  readonly takesValue: boolean;
}

interface Completed {
  readonly name: string;
  readonly description: string;
  readonly options: readonly Word[];
  readonly values: readonly string[];
}

/** The completion script of a shell, for every command and option that the program has. */
export function completionFor(shell: Shell, program: Command): string {
  const help: Word = {
    flags: ['-h', '--help'],
    description: 'display help for command',
    value: null,
    takesValue: false,
  };
  const commands = program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: [...command.options.map(wordOf), help],
    values: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  }));
  const own = [...program.options.map(wordOf), help];
  return { bash, zsh, fish }[shell](commands, own);
}

function wordOf({ short, long, description, required, optional, argChoices }: Option): Word {
  const takesValue = required || optional;
  const isFile = long === '--config' || long === '--mapping' || (long === '--output' && argChoices === undefined);
  return {
    flags: [short, long].flatMap((flag) => flag ?? []),
    description,
    takesValue,
    value: !takesValue ? null : (argChoices ?? (isFile ? 'file' : null)),
  };
}

/** A text of ours inside single quotes of a POSIX shell; fish reads it alike. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function bash(commands: readonly Completed[], own: readonly Word[]): string {
  const cases = commands.map(({ name, options, values }) => {
    const followed = options
      .filter(({ takesValue }) => takesValue)
      .map(({ flags, value }) => {
        const words =
          value === null
            ? ''
            : value === 'file'
              ? 'compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur")'
              : wordList(value);
        return `        ${flags.join('|')}) ${words === '' ? 'return' : `${words}; return`} ;;`;
      });
    const inner = followed.length === 0 ? [] : ['      case "$prev" in', ...followed, '      esac'];
    return [
      `    ${name})`,
      ...inner,
      `      ${wordList([...values, ...options.flatMap(({ flags }) => flags)])}`,
      '      ;;',
    ];
  });
  return `# bash completion for forestall: source it, or save it as ~/.local/share/bash-completion/completions/forestall
_forestall() {
  local cur prev command word
  cur="\${COMP_WORDS[COMP_CWORD]}"
  prev="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()
  command=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
      -*) ;;
      *) command="$word"; break ;;
    esac
  done
  case "$command" in
    "")
      ${wordList([...commands.map(({ name }) => name), ...own.flatMap(({ flags }) => flags)])}
      ;;
${cases.flat().join('\n')}
  esac
}
complete -F _forestall forestall
`;
}

function wordList(words: readonly string[]): string {
  return `COMPREPLY=($(compgen -W ${quoted(words.join(' '))} -- "$cur"))`;
}

function zsh(commands: readonly Completed[], own: readonly Word[]): string {
  const described = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&');
  const specs = (options: readonly Word[], values: readonly string[]): string => {
    const all = options.map(({ flags, description, takesValue, value }) => {
      const action = value === 'file' ? '_files' : value === null ? ' ' : `(${value.join(' ')})`;
      const exclusive = flags.length > 1 ? `(${flags.join(' ')})` : '';
      const argument = takesValue ? `:value:${action}` : '';
      return flags.map((flag) => quoted(`${exclusive}${flag}[${described(description)}]${argument}`)).join(' ');
    });
    const positional = values.length === 0 ? [] : [quoted(`1:value:(${values.join(' ')})`)];
    return [...all, ...positional].join(' \\\n        ');
  };
  return `#compdef forestall
# zsh completion for forestall: save it as _forestall in a folder of $fpath
_forestall() {
  local -a commands
  local curcontext="$curcontext" state line
  commands=(
${commands.map(({ name, description }) => `    ${quoted(`${name}:${described(description)}`)}`).join('\n')}
  )
  _arguments -C ${specs(own, [])} '1: :->command' '*:: :->options'
  case "$state" in
    command) _describe -t commands 'forestall command' commands ;;
    options)
      case "$words[1]" in
${commands.map(({ name, options, values }) => `      ${name}) _arguments ${specs(options, values)} ;;`).join('\n')}
      esac
      ;;
  esac
}
if [ "$funcstack[1]" = _forestall ]; then _forestall "$@"; else compdef _forestall forestall; fi
`;
}

function fish(commands: readonly Completed[], own: readonly Word[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const escaped = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const line = (condition: string, { flags, description, value, takesValue }: Word): string => {
    const named = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
    const rest = !takesValue
      ? ''
      : value === 'file'
        ? ' -r -F'
        : value === null
          ? ' -x'
          : ` -x -a ${escaped(value.join(' '))}`;
    return `complete -c forestall -n ${escaped(condition)} ${named.join(' ')}${rest} -d ${escaped(description)}`;
  };
  const none = `not __fish_seen_subcommand_from ${names}`;
  const lines = commands.flatMap(({ name, description, options, values }) => {
    const condition = `__fish_seen_subcommand_from ${name}`;
    return [
      `complete -c forestall -n ${escaped(none)} -a ${name} -d ${escaped(description)}`,
      ...(values.length === 0
        ? []
        : [`complete -c forestall -n ${escaped(condition)} -a ${escaped(values.join(' '))}`]),
      ...options.map((option) => line(condition, option)),
    ];
  });
  return `# fish completion for forestall: save it as ~/.config/fish/completions/forestall.fish
complete -c forestall -f
${own.map((option) => line(none, option)).join('\n')}
${lines.join('\n')}
`;
}
