// Bodies of requests, after botocore's model of 2015-03-31. Fields that nothing here acts on are kept as they come.
import { z } from 'zod'
import { SwarmError } from '../errors.js'

const sha = z.string().max(256)
const object = z.record(z.string(), z.unknown())

/** What is kept and shown again. */
const kept = {
  Runtime: z.string().max(64).regex(/^nodejs\d/, 'only Node.js runtimes are supported (nodejs20.x, nodejs22.x, …)').optional(),
  Role: z.string().regex(/^arn:aws[a-zA-Z-]*:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/, 'must be the ARN of a role: arn:aws:iam::000000000000:role/any').optional(),
  Architectures: z.array(z.enum(['x86_64', 'arm64'])).min(1).max(1).optional(),
  EphemeralStorage: z.object({ Size: z.int().min(512).max(10_240) }).optional(),
  TracingConfig: z.object({ Mode: z.enum(['Active', 'PassThrough']).default('PassThrough') }).optional(),
  LoggingConfig: object.optional(),
  DeadLetterConfig: z.object({ TargetArn: z.string().max(2_048).optional() }).optional(),
  KMSKeyArn: z.string().max(2_048).optional(),
  SnapStart: z.object({ ApplyOn: z.enum(['None', 'PublishedVersions'], 'must be None or PublishedVersions').default('None') }).optional(),
}
export const keptSchema = z.object(kept)
export type Kept = z.infer<typeof keptSchema>

const settings = {
  Handler: z.string().optional(),
  Description: z.string().optional(),
  Timeout: z.number().optional(),
  MemorySize: z.number().optional(),
  Environment: z.object({ Variables: z.record(z.string(), z.string()).default({}) }).optional(),
  /** Accepted when they say nothing; refused when they ask for what isn't there. */
  Layers: z.array(z.unknown()).optional(),
  FileSystemConfigs: z.array(z.unknown()).optional(),
  ImageConfig: object.optional(),
  VpcConfig: z.looseObject({ SubnetIds: z.array(z.string()).optional(), SecurityGroupIds: z.array(z.string()).optional() }).optional(),
}

const tags = z.record(z.string().min(1).max(128), z.string().max(256)).refine((all) => Object.keys(all).length <= 50, 'at most 50 tags')

const code = {
  ZipFile: z.base64('must be base64').optional(),
  S3Bucket: z.string().optional(),
  ImageUri: z.string().optional(),
}

export const createFunction = z.looseObject({
  FunctionName: z.string(),
  Code: z.looseObject(code),
  PackageType: z.string().optional(),
  Publish: z.boolean().optional(),
  Tags: tags.optional(),
  CodeSigningConfigArn: z.string().optional(),
  ...kept,
  ...settings,
  Role: kept.Role.unwrap(),
})
export const updateCode = z.looseObject({
  ...code,
  Publish: z.boolean().optional(),
  DryRun: z.boolean().optional(),
  RevisionId: sha.optional(),
  Architectures: kept.Architectures,
})
export const updateConfiguration = z.looseObject({ ...kept, ...settings, RevisionId: sha.optional() })
export type Settings = z.infer<typeof updateConfiguration>
export const publishVersion = z.looseObject({ CodeSha256: sha.optional(), Description: z.string().max(256).optional(), RevisionId: sha.optional() })

const weights = z.object({
  AdditionalVersionWeights: z.record(z.string().regex(/^\d+$/, 'must be a version'), z.number().min(0).max(1)).default({}),
})
export const createAlias = z.looseObject({
  Name: z.string().regex(/^(?!\d+$)[a-zA-Z0-9_-]{1,128}$/, 'must be letters, digits, - or _, and not only digits'),
  FunctionVersion: z.string().regex(/^(\$LATEST|\d+)$/, 'must be $LATEST or a version'),
  Description: z.string().max(256).default(''),
  RoutingConfig: weights.optional(),
})
export const updateAlias = createAlias.partial().omit({ Name: true }).extend({ Description: z.string().max(256).optional(), RevisionId: sha.optional() })

const names = z.array(z.string().max(253)).max(100)
export const urlConfig = z.looseObject({
  AuthType: z.enum(['NONE', 'AWS_IAM']),
  InvokeMode: z.enum(['BUFFERED', 'RESPONSE_STREAM']).default('BUFFERED'),
  Cors: z
    .object({
      AllowCredentials: z.boolean().optional(),
      AllowHeaders: names.optional(),
      AllowMethods: z.array(z.string().max(6)).max(6).optional(),
      AllowOrigins: names.optional(),
      ExposeHeaders: names.optional(),
      MaxAge: z.int().min(0).max(86_400).optional(),
    })
    .optional(),
})
export const urlUpdate = z.looseObject({ AuthType: urlConfig.shape.AuthType.optional(), InvokeMode: z.enum(['BUFFERED', 'RESPONSE_STREAM']).optional(), Cors: urlConfig.shape.Cors })

const destination = z.object({ Destination: z.string().max(350).optional() }).optional()
export const eventInvoke = z.looseObject({
  MaximumRetryAttempts: z.int().min(0).max(2).optional(),
  MaximumEventAgeInSeconds: z.int().min(60).max(21_600).optional(),
  DestinationConfig: z.object({ OnSuccess: destination, OnFailure: destination }).optional(),
})

export const permission = z.looseObject({
  StatementId: z.string().regex(/^[a-zA-Z0-9_-]{1,100}$/),
  Action: z.string().regex(/^(lambda:[*]|lambda:[a-zA-Z]+|[*])$/),
  Principal: z.string().min(1).max(256),
  SourceArn: z.string().optional(),
  SourceAccount: z.string().optional(),
  EventSourceToken: z.string().optional(),
  PrincipalOrgID: z.string().optional(),
  FunctionUrlAuthType: z.enum(['NONE', 'AWS_IAM']).optional(),
  InvokedViaFunctionUrl: z.boolean().optional(),
  RevisionId: sha.optional(),
})

export const concurrency = z.looseObject({ ReservedConcurrentExecutions: z.int().min(0).max(1_000) })
export const recursionConfig = z.looseObject({ RecursiveLoop: z.enum(['Allow', 'Terminate']) })
export const tagging = z.looseObject({ Tags: tags })
export const runtimeManagement = z.looseObject({ UpdateRuntimeOn: z.enum(['Auto', 'Manual', 'FunctionUpdate']), RuntimeVersionArn: z.string().optional() })

/** A body's fields, or `INVALID_REQUEST` (no JSON), or `INVALID_PARAMETER` (a field). */
export function parse<Output>(schema: z.ZodType<Output>, body: Buffer): Output {
  let value: unknown
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new SwarmError('INVALID_REQUEST', 'Could not parse request body into json', { cause })
  }
  const result = schema.safeParse(value, { reportInput: false })
  if (result.success) return result.data
  const { issues } = result.error
  const lines = issues.slice(0, 5).map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`)
  throw new SwarmError('INVALID_PARAMETER', `${issues.length} validation error${issues.length === 1 ? '' : 's'} detected: ${lines.join('; ')}`)
}
