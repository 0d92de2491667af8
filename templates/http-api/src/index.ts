import { Hono } from 'hono'
import { handle, type LambdaEvent } from 'hono/aws-lambda'

const app = new Hono<{ Bindings: { event: LambdaEvent } }>().basePath('/api')

app.get('/', (c) => c.json({ hello: 'world', edge: process.env.SWARMLAMBDA_NODE_NAME }))
app.get('/greetings/:name', (c) => c.json({ message: `Hello, ${c.req.param('name')}!` }))
app.post('/echo', async (c) => c.json(await c.req.json(), 201))
app.notFound((c) => c.json({ error: `there is no ${c.req.path}` }, 404))

export const handler = handle(app)
