import { Failure, say } from '../messages.mjs';

/** Terminates what earlier demos left running in Temporal: their rows are about to be created anew. */
export async function terminateLeftovers(settings, { queue }) {
  const { loadClientConnectConfig } = await import('@temporalio/envconfig');
  const { Client, Connection } = await import('@temporalio/client');
  const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: settings });
  let connection;
  try {
    connection = await Connection.connect({ ...connectionOptions, connectTimeout: '10 s' });
  } catch (error) {
    throw new Failure(`Temporal at ${connectionOptions.address} cannot be reached: ${error.message}`);
  }
  try {
    const client = new Client({ connection, namespace });
    const query = `ExecutionStatus = "Running" AND TaskQueue = "${queue}"`;
    for await (const { workflowId, runId } of client.workflow.list({ query })) {
      say(`Terminating workflow ${workflowId}, left running by an earlier demo.`);
      await client.workflow.getHandle(workflowId, runId).terminate('a new demo begins').catch(ignoreGone);
    }
  } finally {
    await connection.close();
  }
}

function ignoreGone(error) {
  if (error.name !== 'WorkflowNotFoundError') throw error; // it ended by itself meanwhile
}
