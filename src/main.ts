#!/usr/bin/env node
/** The process: command line and environment to a running server, and its orderly end. Nothing else reads `process.env`. */
import { config as loadEnvFile } from 'dotenv'
import { HELP, readArguments } from './cli/args.ts'
import { check } from './cli/check.ts'
import { convert } from './cli/convert.ts'
import { fetchModels } from './cli/fetch.ts'
import { inspectFiles } from './cli/inspect.ts'
import { createProgressBar, type ProgressBar } from './cli/progress.ts'
import { type Config, ConfigError } from './config.ts'
import { InferError, messageOf } from './errors.ts'
import { createApp } from './http/app.ts'
import { drain, listen } from './http/server.ts'
import { createLog, type Log } from './log.ts'
import { Readiness } from './readiness.ts'
import { readSettings, resolverFor, startServing } from './serving.ts'

/** How long clients may still open connections after SIGTERM; the node's own grace is 60 s, podman's 10. */
const LAME_DUCK_MS = 1000

/** What a signal to end does: at first, end; once the server listens, drain. Process 1 of a container has no default. */
let stop = (_signal: string): void => process.exit(0)
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal))

async function main(): Promise<void> {
  const { command, operands, overrides, envFiles, ignored, help, json, output } = readArguments(process.argv.slice(2))
  if (help) return void process.stdout.write(HELP)
  for (const path of envFiles) readEnvFile(path)
  if (envFiles.length === 0) loadEnvFile({ quiet: true })
  const print = (line: string): void => void process.stdout.write(`${line}\n`)
  if (command === 'check') process.exitCode = await check(operands, process.env, print)
  else if (command === 'fetch') {
    const config = readSettings(process.env, overrides)
    const bar = barOnTerminal()
    const log = createLog(bar ? 'warn' : 'info', (line) => writeBeside(bar, process.stderr, line))
    const resolver = resolverFor(config, process.env, { log, keeps: true, onProgress: bar?.show })
    process.exitCode = await fetchModels(operands, resolver, print)
  } else if (command === 'inspect') {
    const colour = process.stdout.isTTY === true && !process.env.NO_COLOR
    process.exitCode = await inspectFiles(operands, { json, colour }, print)
  } else if (command === 'convert') process.exitCode = await convert(operands, output, print)
  else if (command === 'serve' && operands.length === 0) {
    const config = readSettings(process.env, overrides)
    const bar = barOnTerminal()
    const log = createLog(config.LOG_LEVEL, (line) => writeBeside(bar, process.stdout, line))
    if (ignored.length > 0) log.info('flags of another server were ignored', { flags: ignored })
    await serve(config, log, bar)
  } else throw new ConfigError(`${[command, ...operands].join(' ')} is no command; see --help`)
}

function readEnvFile(path: string): void {
  const { error } = loadEnvFile({ path, quiet: true })
  if (error) throw new ConfigError(`--env-file is ${path}: ${messageOf(error)}`)
}

const barOnTerminal = (): ProgressBar | undefined =>
  process.stderr.isTTY ? createProgressBar(process.stderr) : undefined

function writeBeside(bar: ProgressBar | undefined, stream: NodeJS.WriteStream, line: string): void {
  if (stream.isTTY) bar?.clear()
  stream.write(line)
}

/** Binds at once; requests wait until the workflow is set up. */
async function serve(config: Config, log: Log, bar: ProgressBar | undefined): Promise<void> {
  const options = { log, onFatal: fail, onProgress: bar?.show }
  const { engine, job, resolver } = startServing(config, process.env, options)
  const readiness = new Readiness(engine, job, log)
  const app = createApp({
    engine,
    readiness,
    log,
    job,
    bodyLimitBytes: config.BODY_LIMIT_BYTES,
    timeoutMs: config.REQUEST_TIMEOUT_MS,
    accessLog: config.accessLog,
    resolver,
  })
  const servers = await listen(app, config.bind)
  log.info('listening', { addresses: servers.map((server) => server.address()), workers: config.workers })

  let stopping = false
  const drained = async (signal: string): Promise<void> => {
    if (stopping) process.exit(1)
    stopping = true
    log.info('stopping', { signal })
    readiness.drain()
    const answered = await drain(servers, { lameDuckMs: LAME_DUCK_MS, timeoutMs: config.DRAIN_TIMEOUT_MS })
    await engine.close()
    log.info('stopped', { answered })
    process.exit(answered && signal.startsWith('SIG') ? 0 : 1)
  }
  stop = (signal) => void drained(signal)
  // A hang-up of the terminal, or a signal that would open a debugger on a paid service.
  for (const signal of ['SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => {})
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.error('a fault of the server itself', { event, stack: error instanceof Error ? error.stack : String(error) })
      stop(event)
    })
  }
}

/** One clear line, and a non-zero exit. */
function fail(error: unknown): never {
  const known = error instanceof ConfigError || error instanceof InferError
  process.stderr.write(`infernet-classic: ${known ? error.message : ((error as Error)?.stack ?? error)}\n`)
  process.exit(1)
}

main().catch((error: unknown) =>
  fail((error as NodeJS.ErrnoException).syscall === 'listen' ? new ConfigError(messageOf(error)) : error),
)
