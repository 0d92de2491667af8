// swarmlambda.json: what it may say, once: parsed by the command line, published as a JSON schema.
import { z } from 'zod'
import { functionFields, functionName } from '../api/schemas.js'
import { isRouteKey, ROUTE_KEY_RULE, routeTarget } from '../api/routes.js'
import { scheduleSchema } from '../schedules/api.js'
import { REGIONS } from '../regions.js'

const MAX_DEV_EDGES = 16

const fields = {
  handler: functionFields.handler.optional(),
  memorySize: functionFields.memorySize.optional(),
  timeout: functionFields.timeout.optional(),
  environment: functionFields.environment.optional(),
  description: functionFields.description.optional(),
  failover: functionFields.failover.optional(),
  allow: functionFields.allow.optional(),
  regions: functionFields.regions.optional(),
  replicas: functionFields.replicas.optional(),
  concurrency: functionFields.concurrency.optional(),
  limits: functionFields.limits.optional(),
}

const regionName = z.enum(REGIONS.map(({ name }) => name) as [string, ...string[]], 'must be the name of a region, such as us-west-sfo')

const dev = z.strictObject({
  port: z.int().min(0).max(65_535).optional().describe('Of the proxy, which is where the page is; 0: any free one. Default: 8790'),
  regions: z.array(regionName).min(1).max(MAX_DEV_EDGES).optional().describe('One edge in each. Default: us-west-sfo, us-east-iad, eu-central-fra'),
  latency: z.boolean().optional().describe('Whether messages between regions take as long as light would. Default: true'),
})

export const projectSchema = z.strictObject({
  $schema: z.string().optional().describe('Where this schema is, for editors'),
  name: functionName.optional().describe('Of the one function of the project. Default: the name of its folder'),
  ...fields,
  functions: z.record(functionName, z.strictObject(fields)).optional().describe('Several functions by name; the fields beside this one are the defaults of all'),
  routes: z.record(z.string().refine(isRouteKey, ROUTE_KEY_RULE), routeTarget).optional().describe('METHOD /path, ANY /path or $default → function, function:alias or function:version; routes that are not listed stay'),
  schedules: z.record(z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, - or _'), scheduleSchema).optional().describe('By name: which function is called when; schedules that are not listed stay'),
  dev: dev.optional().describe('What swarmlambda dev starts'),
})

export type ProjectFile = z.infer<typeof projectSchema>
export type FunctionSettings = Omit<ProjectFile, '$schema' | 'name' | 'functions' | 'routes' | 'schedules' | 'dev'>
export type DevSettings = NonNullable<ProjectFile['dev']>

/** JSON schema, draft 2020-12, as editors read it. */
export const projectJsonSchema = (): Record<string, unknown> => ({
  $id: 'swarmlambda.schema.json',
  title: 'swarmlambda.json',
  ...(z.toJSONSchema(projectSchema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>),
})
