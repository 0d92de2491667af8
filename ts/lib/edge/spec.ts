// What the engine is told of a function on this edge: its limits, and all that `process.env` shows.
import { LIMITS } from '../api/limits.js'
import type { FunctionSpec } from '../native.js'
import type { FunctionConfig } from '../registry/record.js'

export interface Place {
  name: string
  region: string
}

/** Regions whose AWS namesake is not `<side>-1`. */
const AWS_REGIONS: Record<string, string> = {
  local: 'us-east-1',
  'us-west-sfo': 'us-west-1',
  'us-west-lax': 'us-west-1',
  'us-west-sea': 'us-west-2',
  'us-central-dfw': 'us-east-2',
  'us-central-ord': 'us-east-2',
  'us-central-den': 'us-west-2',
  'ca-east-yyz': 'ca-central-1',
  'sa-west-scl': 'sa-east-1',
  'sa-north-bog': 'sa-east-1',
  'eu-central-zrh': 'eu-central-2',
  'eu-west-ams': 'eu-west-1',
  'eu-west-cdg': 'eu-west-3',
  'eu-west-lhr': 'eu-west-2',
  'eu-south-mad': 'eu-south-2',
  'me-west-tlv': 'il-central-1',
  'af-east-nbo': 'af-south-1',
  'af-west-los': 'af-south-1',
  'ap-southeast-cgk': 'ap-southeast-3',
  'ap-southeast-syd': 'ap-southeast-2',
  'ap-southeast-akl': 'ap-southeast-5',
  'ap-northeast-kix': 'ap-northeast-3',
  'ap-northeast-icn': 'ap-northeast-2',
}

/** Libraries parse AWS_REGION: `eu-central-fra` shows as `eu-central-1`. */
export const awsRegion = (region: string): string => AWS_REGIONS[region] ?? `${region.split('-').slice(0, -1).join('-')}-1`

/** The engine's view of a function, or of a version of it (`name:version`); times in milliseconds. */
export function specOf(place: Place, key: string, config: FunctionConfig, sourceMap: string | null): FunctionSpec {
  const [name = key, version = '$LATEST'] = key.split(':')
  return {
    name,
    version,
    handler: config.handler,
    memoryMb: config.memorySize,
    timeoutMs: Math.ceil(config.timeout * 1_000),
    environment: {
      TZ: 'UTC',
      ...config.environment,
      // Deploys that set these are refused; a record from elsewhere can't override them either.
      _HANDLER: config.handler,
      AWS_DEFAULT_REGION: awsRegion(place.region),
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(config.memorySize),
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_VERSION: version,
      AWS_REGION: awsRegion(place.region),
      SWARMLAMBDA_NODE_NAME: place.name,
      SWARMLAMBDA_REGION: place.region,
    },
    concurrency: config.concurrency ?? null,
    sourceMap,
    allow: config.allow ?? [],
    limits: limitsOf(config.limits ?? {}),
  }
}

const MIB = 2 ** 20

const limitsOf = (own: NonNullable<FunctionConfig['limits']>): FunctionSpec['limits'] => ({
  logBytes: own.logBytes ?? LIMITS.logs.default,
  tmpBytes: (own.tmpMb ?? LIMITS.tmp.default) * MIB,
  fetchCount: own.fetchCount ?? LIMITS.fetchCount.default,
  fetchBytes: own.fetchBytes ?? LIMITS.fetchBytes.default,
})
