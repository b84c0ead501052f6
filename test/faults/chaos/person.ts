/** Whoever starts a run and sends verbs while everything dies: asked once, with an answer or without. */
import { randomUUID } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Progress } from '../../../shared/messages';
import { STATUS_QUERY } from '../../../shared/names';
import type { Verb } from '../../../shared/names';
import type { Lane } from '../rig/lane';
import { patiently } from '../rig/lane';
import type { Plan } from './plan';

/** Milliseconds for an answer of a server that may be away. */
const ANSWER_MS = 5_000;
/** The same for a verb, which is carried out before it is answered. */
const VERB_MS = 12_000;

export interface Execution {
  readonly workflowId: string;
  readonly runId: string;
}

export class Person {
  /** Workflow ids in the order of their starts. */
  readonly ids: string[] = [];
  /** Ids of the updates that were sent, whatever became of them. */
  readonly sent = new Set<string>();
  /** Starts and resets whose answer came. */
  readonly executions: Execution[] = [];

  constructor(
    private readonly client: Client,
    private readonly lane: Lane,
    private readonly plan: Plan,
  ) {}

  /** Starts the migration under an id of its own. */
  async start(): Promise<void> {
    const workflowId = `${this.lane.name}-${this.ids.length + 1}`;
    this.ids.push(workflowId);
    const { taskQueue, mapping } = this.lane;
    const args = [{ migration: mapping.name, ...this.plan.input }];
    await patiently(async () => {
      try {
        const start = () => this.client.workflow.start('migrate', { workflowId, taskQueue, args });
        const { firstExecutionRunId: runId } = await this.within(start);
        this.executions.push({ workflowId, runId });
      } catch (error) {
        // The answer of this very start got lost.
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        const { runId } = await this.within(() => this.client.workflow.getHandle(workflowId).describe());
        this.executions.push({ workflowId, runId });
      }
    });
  }

  /** The newest workflow that runs; null where none does. */
  async current(): Promise<string | null> {
    for (const id of [...this.ids].reverse()) {
      const { status } = await this.within(() => this.client.workflow.getHandle(id).describe());
      if (status.name === 'RUNNING') return id;
    }
    return null;
  }

  /** As the workflow itself sees it. */
  status(id: string): Promise<Progress> {
    return this.within(() => this.client.workflow.getHandle(id).query<Progress>(STATUS_QUERY));
  }

  /** Sends a verb; throws its refusal. */
  send(id: string, verb: Verb, request: object): Promise<string> {
    const handle = this.client.workflow.getHandle(id);
    const updateId = randomUUID();
    this.sent.add(updateId);
    return this.within(() => handle.executeUpdate<string, [object]>(verb, { args: [request], updateId }), VERB_MS);
  }

  async terminate(id: string): Promise<void> {
    await this.within(() => this.client.workflow.getHandle(id).terminate('chaos'));
  }

  /** Resets a workflow to one of its workflow tasks, as the button in the Temporal UI does. */
  async reset(id: string, share: number): Promise<void> {
    const { events } = await this.history(id);
    const tasks = (events ?? []).filter(({ workflowTaskCompletedEventAttributes: done }) => done);
    if (tasks.length === 0) return;
    const { runId } = await this.within(() =>
      this.client.workflowService.resetWorkflowExecution({
        namespace: this.client.options.namespace,
        workflowExecution: { workflowId: id },
        reason: 'chaos',
        requestId: randomUUID(),
        workflowTaskFinishEventId: tasks[Math.floor(share * tasks.length)]!.eventId!,
      }),
    );
    this.executions.push({ workflowId: id, runId });
  }

  /** Of one execution, or of a workflow's newest. */
  history(id: string, runId?: string): ReturnType<WorkflowHandle['fetchHistory']> {
    return this.within(() => this.client.workflow.getHandle(id, runId).fetchHistory());
  }

  private within<T>(work: () => Promise<T>, patience = ANSWER_MS): Promise<T> {
    return this.client.withDeadline(Date.now() + patience, work);
  }
}
