// A function as AWS Lambda's API shows it.
import type { FunctionRecord } from '../registry/record.js'
import type { Arns } from '../api/names.js'
import { keptSchema, type Kept } from './shapes.js'

const DEFAULT_ROLE = 'arn:aws:iam::000000000000:role/swarmlambda'
const DEFAULT_RUNTIME = 'nodejs20.x'

/** What `lambda` of a record holds besides {@link Kept}: of the ZIP. */
export interface Stored extends Kept {
  CodeSha256?: string
  /** Bytes. */
  CodeSize?: number
}

export const storedOf = (record: FunctionRecord): Stored => {
  const { CodeSha256, CodeSize } = record.lambda ?? {}
  return {
    ...(keptSchema.safeParse(record.lambda ?? {}).data ?? {}),
    ...(typeof CodeSha256 === 'string' ? { CodeSha256 } : {}),
    ...(typeof CodeSize === 'number' ? { CodeSize } : {}),
  }
}

export const codeSha256Of = (record: FunctionRecord): string => storedOf(record).CodeSha256 ?? record.codeSha256

/** `2026-01-31T12:00:00.000+0000`, as only this API writes it. */
const timestamp = (ms: number): string => new Date(ms).toISOString().replace('Z', '+0000')

export interface Shown {
  name: string
  version: string
  /** What the ARN ends in; null: the function's own. */
  qualifier: string | null
}

export function configurationOf(record: FunctionRecord, { name, qualifier, version }: Shown, arns: Arns): Record<string, unknown> {
  const { config } = record
  const { DeadLetterConfig, KMSKeyArn, ...stored } = storedOf(record)
  return {
    FunctionName: name,
    FunctionArn: arns.function(name, qualifier),
    Runtime: stored.Runtime ?? DEFAULT_RUNTIME,
    Role: stored.Role ?? DEFAULT_ROLE,
    Handler: config.handler,
    CodeSize: stored.CodeSize ?? record.source.size,
    Description: config.description,
    // This API knows whole seconds only.
    Timeout: Math.max(1, Math.ceil(config.timeout)),
    MemorySize: config.memorySize,
    LastModified: timestamp(record.lastModified),
    CodeSha256: codeSha256Of(record),
    Version: version,
    TracingConfig: stored.TracingConfig ?? { Mode: 'PassThrough' },
    RevisionId: record.revisionId,
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
    Architectures: stored.Architectures ?? ['x86_64'],
    EphemeralStorage: stored.EphemeralStorage ?? { Size: 512 },
    SnapStart: { ApplyOn: stored.SnapStart?.ApplyOn ?? 'None', OptimizationStatus: 'Off' },
    LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${name}`, ...stored.LoggingConfig },
    RuntimeVersionConfig: { RuntimeVersionArn: runtimeVersionArn(arns.region) },
    ...(Object.keys(config.environment).length > 0 ? { Environment: { Variables: config.environment } } : {}),
    ...(DeadLetterConfig?.TargetArn ? { DeadLetterConfig } : {}),
    ...(KMSKeyArn ? { KMSKeyArn } : {}),
  }
}

/** There is one runtime, the edge's own. */
export const runtimeVersionArn = (region: string): string => `arn:aws:lambda:${region}::runtime:${'0'.repeat(64)}`
