/** A namespace of a test's own on the private Temporal: workflows of other files, which run beside it, have the same ids. */
import { randomUUID } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { services } from './servers';

/** @returns its name; it has no search attributes yet, as a new one of a user's has none */
export async function registerNamespace(): Promise<string> {
  const namespace = `test-${randomUUID()}`;
  const connection = await Connection.connect({ address: services().temporal.address });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  await connection.close();
  return namespace;
}
