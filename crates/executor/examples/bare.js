// What the plugin needs of JavaScript to call a handler, and nothing that a function could use: the base that `fresh.rs`
// compares with. It stands where `crates/plugin/js`, bundled, stands in the plugin.
const host = globalThis.__host
let context
globalThis.console = { log() {} }
host.glue = {
  describe: (error) => JSON.stringify({ errorType: 'Error', errorMessage: String(error), trace: [] }),
  callback() {},
  settled: () => 0,
  outcome() {},
  plain: Object.prototype,
  prepare: (options) => (context = { functionName: options.name, awsRequestId: '' }),
  freeze() {},
  rejection: () => 0,
  unhandled() {},
  caught() {},
  runSoon: () => false,
  wait: () => -1,
  isWaiting: () => false,
  arrive() {},
  tick() {},
  render: (value) => value,
  endStream: () => false,
  clientContext(json) { context.clientContext = JSON.parse(json) },
}
