// The registry of Node's built-in modules. A bundle reads it through `globalThis[Symbol.for('swarmlambda.builtin')]`.
import process from './process.js'
import querystring from 'unenv/node/querystring'
import punycode from 'punycode/'
import { StringDecoder } from 'string_decoder/'
import { define } from '../host.js'
import { streams } from '../web/streams.js'
import assert from './assert.js'
import asyncHooks from './async-hooks.js'
import { Buffer, buffer } from './buffer.js'
import crypto from './crypto/index.js'
import events from './events.js'
import fs, { promises as fsPromises } from './fs/index.js'
import { http, https } from './http/index.js'
import module, { builtin, builtins, createRequire } from './module.js'
import { net, tls } from './net.js'
import path from './path.js'
import { constants, diagnosticsChannel, os, perfHooks } from './small.js'
import stream, { Duplex, consumers, promises as streamPromises } from './stream.js'
import timers, { promises as timersPromises } from './timers.js'
import * as off from './unavailable.js'
import undici from './undici.js'
import url from './url.js'
import util from './util.js'
import zlib from './zlib.js'

const web = { ...streams, TextEncoderStream, TextDecoderStream, CompressionStream, DecompressionStream }
const MODULES = {
  assert, 'assert/strict': assert.strict, async_hooks: asyncHooks, buffer, child_process: off.childProcess, cluster: off.cluster, console: Object.assign(Object.create(console), console, { console }), constants, crypto, dgram: off.dgram,
  diagnostics_channel: diagnosticsChannel, dns: off.dns, 'dns/promises': off.dnsPromises, domain: off.domain, events, fs, 'fs/promises': fsPromises, http, http2: off.http2, https, inspector: off.inspector, 'inspector/promises': off.inspector, module,
  net, os, path, 'path/posix': path, 'path/win32': path.win32, perf_hooks: perfHooks, process, punycode, querystring, readline: off.readline, 'readline/promises': off.readlinePromises, repl: off.repl, sqlite: off.sqlite, stream,
  'stream/consumers': consumers, 'stream/promises': streamPromises, 'stream/web': web, string_decoder: { StringDecoder }, sys: util, test: off.nodeTest, timers, 'timers/promises': timersPromises, tls, trace_events: off.traceEvents, tty: off.tty(Duplex),
  undici, url, util, 'util/types': util.types, v8: off.v8, vm: off.vm, wasi: off.wasi, worker_threads: off.workerThreads, zlib,
}
for (const [name, value] of Object.entries(MODULES)) builtins.set(name, value)

process.getBuiltinModule = (name) => { try { return builtin(name) } catch { return undefined } }
Object.defineProperty(globalThis, Symbol.for('swarmlambda.builtin'), { value: builtin })
// Code that was bundled elsewhere calls `require` for built-ins.
define({ Buffer, require: createRequire() })
