/** The command line: our commands, and hypercorn's spellings, since that is what operators' configurations hold. */
import { ConfigError, type Overrides } from '../config.ts'

export interface Arguments {
  readonly command: string
  /** What follows the command. */
  readonly operands: readonly string[]
  readonly overrides: Overrides
  readonly envFiles: readonly string[]
  /** Flags of hypercorn and gunicorn that mean nothing here. */
  readonly ignored: readonly string[]
  readonly help: boolean
  /** Answers of commands as JSON. */
  readonly json: boolean
  /** Where a command writes to. */
  readonly output: string | undefined
}

/** A row a flag that we act on; true: it takes a value. */
const FLAGS = new Map<string, { readonly name: string; readonly value: boolean }>([
  ['-b', { name: 'bind', value: true }],
  ['--bind', { name: 'bind', value: true }],
  ['-w', { name: 'workers', value: true }],
  ['--workers', { name: 'workers', value: true }],
  ['--env-file', { name: 'envFile', value: true }],
  ['--access-logfile', { name: 'accessLog', value: true }],
  ['--access-log', { name: 'accessLog', value: true }],
  ['--offline', { name: 'offline', value: false }],
  ['--json', { name: 'json', value: false }],
  ['-o', { name: 'output', value: true }],
  ['--output', { name: 'output', value: true }],
  ['-h', { name: 'help', value: false }],
  ['--help', { name: 'help', value: false }],
])

const IGNORED_WITH_VALUE = new Set(
  `--access-logformat --backlog --ca-certs --certfile --cert-reqs --ciphers --config -c --error-logfile --error-log
   --graceful-timeout --group -g --insecure-bind --keep-alive --keyfile --keyfile-password --log-config --log-level
   --max-requests --max-requests-jitter --pid -p --quic-bind --read-timeout --root-path --server-name --statsd-host
   --statsd-prefix --umask -m --user -u --verify-flags --verify-mode --websocket-ping-interval --worker-class -k
   --worker-connections --threads --timeout -t --name -n --chdir --worker-tmp-dir --forwarded-allow-ips`.split(/\s+/),
)
const IGNORED_ALONE = new Set(['--debug', '--reload', '--daemon', '-D', '--preload', '--capture-output', '--insecure'])

/** @throws ConfigError for a flag that nobody knows, or one without its value */
export function readArguments(argv: readonly string[]): Arguments {
  const words: string[] = []
  const found: Record<string, string[]> = {
    bind: [],
    workers: [],
    envFile: [],
    accessLog: [],
    offline: [],
    json: [],
    output: [],
    help: [],
  }
  const ignored: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const [flag, inline] = split(argv[i] as string)
    if (!flag.startsWith('-') || flag === '-') {
      words.push(flag)
      continue
    }
    const known = FLAGS.get(flag)
    if (!known && !IGNORED_WITH_VALUE.has(flag) && !IGNORED_ALONE.has(flag))
      throw new ConfigError(`${flag} is no flag of this server; see --help`)
    const takesValue = known ? known.value : IGNORED_WITH_VALUE.has(flag)
    const value = takesValue ? (inline ?? argv[++i]) : ''
    if (value === undefined) throw new ConfigError(`${flag} needs a value`)
    if (known) found[known.name]?.push(value)
    else ignored.push(flag)
  }
  const [command = 'serve', ...operands] = words
  const workers = found.workers?.at(-1)
  return {
    command,
    operands,
    overrides: {
      ...(found.bind?.length && { bind: found.bind }),
      ...(workers !== undefined && { workers }),
      ...(found.accessLog?.length && { accessLog: true }),
      ...(found.offline?.length && { offline: true }),
    },
    envFiles: found.envFile ?? [],
    ignored,
    help: (found.help?.length ?? 0) > 0,
    json: (found.json?.length ?? 0) > 0,
    output: found.output?.at(-1),
  }
}

/** `--flag=value` and `-w2`. */
function split(word: string): [flag: string, value: string | undefined] {
  const at = word.startsWith('--') ? word.indexOf('=') : -1
  if (at > 0) return [word.slice(0, at), word.slice(at + 1)]
  if (/^-[a-zA-Z]./.test(word)) return [word.slice(0, 2), word.slice(2).replace(/^=/, '')]
  return [word, undefined]
}

export const HELP = `usage: infernet-classic [serve] [--bind HOST:PORT] [--workers N] [--env-file FILE]
       infernet-classic check FILE...
       infernet-classic fetch MODEL_ID...
       infernet-classic inspect [--json] FILE...
       infernet-classic convert FILE -o MODEL.onnx

serve    answers POST /service_output with the workflow that the environment names (the default)
check    runs the golden samples beside each model file; fails when one is out of tolerance
fetch    fills the cache with models, so that a server without a network finds them there
inspect  shows what is in a file of any format, without running it, and whether it can be served
convert  writes a fitted estimator as an ONNX model, where ONNX can say all of it

-b, --bind HOST:PORT    where to listen; may be repeated; unix:PATH for a socket (0.0.0.0:3000, or PORT)
-w, --workers N         inference processes (1, or WORKERS)
    --env-file FILE     reads variables that are not set yet
    --access-logfile -  logs every request
    --json              inspect: an array of JSON
-o, --output FILE       convert: the file to write
    --offline           never asks the network for a model
Other flags of hypercorn are accepted and ignored.
`
