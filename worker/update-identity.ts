/** Who sent an update: Temporal records the client's identity in the history, and nowhere else. */
import type { Client } from '@temporalio/client';

const PAGE = 200;

/**
 * Read from the end of the history, where the update has just been accepted; after a reset the request stands in the
 * event that admitted it anew.
 *
 * @returns the client's identity; empty where it had none, or where the history does not tell
 */
export async function identityOfUpdate(client: Client, workflow: string, run: string, update: string): Promise<string> {
  const { namespace } = client.options;
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace,
      execution: { workflowId: workflow, runId: run },
      maximumPageSize: PAGE,
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
    });
    for (const event of page.history?.events ?? []) {
      const request =
        event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest ??
        event.workflowExecutionUpdateAdmittedEventAttributes?.request;
      if (request?.meta?.updateId === update) return request.meta.identity ?? '';
    }
    nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined;
  } while (nextPageToken !== undefined);
  return '';
}
