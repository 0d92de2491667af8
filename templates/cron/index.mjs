// Called by the schedule in swarmlambda.json: once across the mesh, whichever edge is its turn.
export const handler = async (event) => {
  console.log(`${event.time}: it is time, says ${process.env.SWARMLAMBDA_NODE_NAME}`)
}
