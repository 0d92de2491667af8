// AWS Lambda's API: its paths and methods, and who answers. The model is botocore's `lambda/2015-03-31`.
import { empty, failure, json, spelled, type Request } from '../api/requests.js'
import { SwarmError } from '../errors.js'
import type { ControlResponse } from '../native.js'
import * as aliases from './aliases.js'
import * as attributes from './attributes.js'
import { codeSha256Of, storedOf } from './configuration.js'
import { callOf, latestOf, referenceOf, resolve, versionsOf, type Call, type LambdaOptions } from './context.js'
import * as functions from './functions.js'
import { parseReference } from '../api/names.js'
import * as policy from './policy.js'
import { parse, recursionConfig } from './shapes.js'

export type { LambdaOptions } from './context.js'

type Answer = (call: Call) => Promise<ControlResponse> | ControlResponse

const MB = 1024 * 1024
const CONCURRENCY = 1_000

function account(call: Call): ControlResponse {
  const all = call.registry.list()
  const reserved = all.reduce((sum, { config }) => sum + (typeof config['concurrency'] === 'number' ? config['concurrency'] : 0), 0)
  const archives = new Map(all.flatMap((record) => [record, ...versionsOf(call, record.name).map((version) => version.record)]).map((record) => [codeSha256Of(record), storedOf(record).CodeSize ?? record.source.size]))
  return json(200, {
    AccountLimit: {
      TotalCodeSize: 75 * 1024 * MB,
      CodeSizeUnzipped: 250 * MB,
      CodeSizeZipped: 50 * MB,
      ConcurrentExecutions: CONCURRENCY,
      UnreservedConcurrentExecutions: Math.max(0, CONCURRENCY - reserved),
    },
    AccountUsage: { TotalCodeSize: [...archives.values()].reduce((sum, size) => sum + size, 0), FunctionCount: all.length },
  })
}

const unsigned: Answer = (call) => {
  const { name } = latestOf(call, referenceOf(call).name)
  return json(200, { CodeSigningConfigArn: '', FunctionName: name })
}

/** A chain of more than 16 destinations always ends. */
function recursion(call: Call): ControlResponse {
  const { RecursiveLoop } = parse(recursionConfig, call.request.body)
  if (RecursiveLoop === 'Allow') throw new SwarmError('INVALID_PARAMETER', 'RecursiveLoop: only Terminate is supported by SwarmLambda')
  return json(200, { RecursiveLoop })
}

const unsupported =
  (what: string): Answer =>
  () => {
    throw new SwarmError('INVALID_PARAMETER', `${what} are not supported by SwarmLambda`)
  }

const nothing =
  (what: string): Answer =>
  () => {
    throw new SwarmError('NOT_FOUND', `${what} does not exist.`)
  }
const none =
  (list: string): Answer =>
  () =>
    json(200, { [list]: [] })
/** An answer about a function (or a version of it) that has to exist. */
const ofExisting =
  (answer: Answer): Answer =>
  (call) => {
    resolve(call, referenceOf(call))
    return answer(call)
  }

const provisioned = ofExisting(() => {
  throw new SwarmError('NO_PROVISIONED_CONCURRENCY', 'No Provisioned Concurrency Config found for this function')
})

/** `:` is one part of the path. */
const ROUTES: readonly (readonly [method: string, path: string, answer: Answer])[] = [
  ['POST', '/2015-03-31/functions', functions.create],
  ['GET', '/2015-03-31/functions', functions.list],
  ['GET', '/2015-03-31/functions/:', functions.get],
  ['DELETE', '/2015-03-31/functions/:', functions.remove],
  ['GET', '/2015-03-31/functions/:/configuration', functions.configuration],
  ['PUT', '/2015-03-31/functions/:/configuration', functions.changeConfiguration],
  ['PUT', '/2015-03-31/functions/:/code', functions.changeCode],
  // Ours: where GetFunction's Code.Location leads.
  ['GET', '/2015-03-31/functions/:/code', functions.code],
  ['GET', '/2015-03-31/functions/:/versions', functions.versions],
  ['POST', '/2015-03-31/functions/:/versions', functions.publish],
  ['GET', '/2015-03-31/functions/:/aliases', aliases.list],
  ['POST', '/2015-03-31/functions/:/aliases', aliases.create],
  ['GET', '/2015-03-31/functions/:/aliases/:', aliases.get],
  ['PUT', '/2015-03-31/functions/:/aliases/:', aliases.update],
  ['DELETE', '/2015-03-31/functions/:/aliases/:', aliases.remove],
  ['GET', '/2015-03-31/functions/:/policy', policy.get],
  ['POST', '/2015-03-31/functions/:/policy', policy.add],
  ['DELETE', '/2015-03-31/functions/:/policy/:', policy.remove],
  ['GET', '/2015-03-31/event-source-mappings', none('EventSourceMappings')],
  ['POST', '/2015-03-31/event-source-mappings', unsupported('Event source mappings')],
  ['GET', '/2015-03-31/event-source-mappings/:', nothing('The resource you requested')],
  ['PUT', '/2015-03-31/event-source-mappings/:', nothing('The resource you requested')],
  ['DELETE', '/2015-03-31/event-source-mappings/:', nothing('The resource you requested')],
  ['GET', '/2016-08-19/account-settings', account],
  ['GET', '/2017-03-31/tags/:', attributes.listTags],
  ['POST', '/2017-03-31/tags/:', attributes.tag],
  ['DELETE', '/2017-03-31/tags/:', attributes.untag],
  ['PUT', '/2017-10-31/functions/:/concurrency', attributes.putConcurrency],
  ['DELETE', '/2017-10-31/functions/:/concurrency', attributes.deleteConcurrency],
  ['GET', '/2019-09-30/functions/:/concurrency', attributes.getConcurrency],
  ['GET', '/2018-10-31/layers', (call) => (call.request.query.get('find') === 'LayerVersion' ? nothing('The resource you requested') : none('Layers'))(call)],
  ['GET', '/2018-10-31/layers/:/versions', none('LayerVersions')],
  ['POST', '/2018-10-31/layers/:/versions', unsupported('Layers')],
  ['GET', '/2018-10-31/layers/:/versions/:', nothing('The resource you requested')],
  ['GET', '/2018-10-31/layers/:/versions/:/policy', nothing('The resource you requested')],
  ['POST', '/2018-10-31/layers/:/versions/:/policy', nothing('The resource you requested')],
  ['DELETE', '/2018-10-31/layers/:/versions/:/policy/:', nothing('The resource you requested')],
  // As AWS: what is not there is deleted.
  ['DELETE', '/2018-10-31/layers/:/versions/:', () => empty(204)],
  ['GET', '/2019-09-25/functions/:/event-invoke-config', attributes.getEvents],
  ['PUT', '/2019-09-25/functions/:/event-invoke-config', attributes.putEvents],
  ['POST', '/2019-09-25/functions/:/event-invoke-config', attributes.updateEvents],
  ['DELETE', '/2019-09-25/functions/:/event-invoke-config', attributes.deleteEvents],
  ['GET', '/2019-09-25/functions/:/event-invoke-config/list', attributes.listEvents],
  ['GET', '/2020-06-30/functions/:/code-signing-config', unsigned],
  ['PUT', '/2020-06-30/functions/:/code-signing-config', unsupported('Code signing configurations')],
  ['DELETE', '/2020-06-30/functions/:/code-signing-config', ofExisting(() => empty(204))],
  ['GET', '/2020-04-22/code-signing-configs', none('CodeSigningConfigs')],
  ['POST', '/2020-04-22/code-signing-configs', unsupported('Code signing configurations')],
  ['GET', '/2020-04-22/code-signing-configs/:', nothing('The code signing configuration')],
  ['PUT', '/2020-04-22/code-signing-configs/:', nothing('The code signing configuration')],
  ['DELETE', '/2020-04-22/code-signing-configs/:', nothing('The code signing configuration')],
  ['GET', '/2020-04-22/code-signing-configs/:/functions', nothing('The code signing configuration')],
  ['GET', '/2019-09-30/functions/:/provisioned-concurrency', (call) => (call.request.query.get('List') === 'ALL' ? ofExisting(none('ProvisionedConcurrencyConfigs')) : provisioned)(call)],
  ['PUT', '/2019-09-30/functions/:/provisioned-concurrency', unsupported('Provisioned concurrency configurations')],
  ['DELETE', '/2019-09-30/functions/:/provisioned-concurrency', ofExisting(() => empty(204))],
  ['GET', '/2024-08-31/functions/:/recursion-config', ofExisting(() => json(200, { RecursiveLoop: 'Terminate' }))],
  ['PUT', '/2024-08-31/functions/:/recursion-config', ofExisting(recursion)],
  ['GET', '/2025-11-30/capacity-providers', none('CapacityProviders')],
  ['GET', '/2025-12-01/functions/:/durable-executions', ofExisting(none('DurableExecutions'))],
  ['GET', '/2021-07-20/functions/:/runtime-management-config', attributes.getRuntime],
  ['PUT', '/2021-07-20/functions/:/runtime-management-config', attributes.putRuntime],
  ['GET', '/2021-10-31/functions/:/url', attributes.getUrl],
  ['POST', '/2021-10-31/functions/:/url', attributes.createUrl],
  ['PUT', '/2021-10-31/functions/:/url', attributes.updateUrl],
  ['DELETE', '/2021-10-31/functions/:/url', attributes.deleteUrl],
  ['GET', '/2021-10-31/functions/:/urls', attributes.listUrls],
]

const TABLE = ROUTES.map(([method, path, answer]) => ({ method, pattern: new RegExp(`^${path.replaceAll(':', '([^/]+)')}/?$`), answer }))

/** Answers a request of AWS Lambda's API; null: no path of it. What a client sees of an error is in the answer. */
export function openLambda(options: LambdaOptions, onError: (error: unknown, request: Request) => void): (request: Request) => Promise<ControlResponse> | null {
  const inTurn = openTurns()
  return (request) => {
    const method = request.method === 'HEAD' ? 'GET' : request.method
    for (const { answer, method: own, pattern } of TABLE) {
      const match = own === method ? pattern.exec(request.path) : null
      if (!match) continue
      return (async () => {
        try {
          const call = callOf(options, request, match.slice(1).map(decode))
          // What is read and then written must not change in between: a function's writes here come one after another.
          return method === 'GET' ? await answer(call) : await inTurn(subjectOf(call), async () => await answer(call))
        } catch (error) {
          if (!(error instanceof SwarmError) || error.code === 'INTERNAL') onError(error, request)
          return spelled(failure(error))
        }
      })()
    }
    return null
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new SwarmError('INVALID_PARAMETER', 'The path is not UTF-8')
  }
}

/** The function that a call is about; of CreateFunction, whose path names none, as its body says. */
function subjectOf({ params: [first], request }: Call): string {
  if (first === undefined) return /"FunctionName"\s*:\s*"([^"]*)"/.exec(request.body.toString('latin1'))?.[1] ?? ''
  return /^\/[\d-]+\/(functions|tags)\//.test(request.path) ? parseReference(first).name : first
}

function openTurns(): <T>(subject: string, work: () => Promise<T>) => Promise<T> {
  const lasts = new Map<string, Promise<unknown>>()
  return (subject, work) => {
    const result = (lasts.get(subject) ?? Promise.resolve()).then(work)
    const last = result
      .catch(() => undefined)
      .then(() => {
        if (lasts.get(subject) === last) lasts.delete(subject)
      })
    lasts.set(subject, last)
    return result
  }
}
