export const handler = async (event) => {
  console.log('greeting', event.name ?? 'nobody in particular')
  return { message: `Hello, ${event.name ?? 'world'}!`, region: process.env.SWARMLAMBDA_REGION }
}
