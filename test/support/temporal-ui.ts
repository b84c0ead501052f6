/** The Temporal UI in Chromium, as an operator uses it: the start form, a run's page, its update dialog, the list. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, FrameLocator, Locator, Page } from 'playwright-core';
import { services } from './servers';

/** Screenshots of the last run of the tests; .gitignore covers it. */
const SCREENSHOTS = join(__dirname, '..', '..', 'screenshots');

/** A machine that has other things to do takes its time. */
const PATIENCE = 60_000;

/** The command of a Chromium on PATH; undefined where there is none. */
export function findChromium(): string | undefined {
  return ['chromium', 'chromium-browser', 'google-chrome'].find(
    (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
  );
}

export class TemporalUi {
  private constructor(
    private readonly browser: Browser,
    readonly page: Page,
  ) {}

  static async open(command: string): Promise<TemporalUi> {
    rmSync(SCREENSHOTS, { recursive: true, force: true });
    mkdirSync(SCREENSHOTS, { recursive: true });
    const executablePath = spawnSync('which', [command], { encoding: 'utf8' }).stdout.trim();
    const browser = await chromium.launch({
      executablePath,
      // The UI asks the world for news; the tests ask nobody.
      args: ['--no-sandbox', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
    });
    // Tall, since a picture of the whole page ends at its inner scroll bar.
    const page = await browser.newPage({ viewport: { width: 1280, height: 1400 } });
    page.setDefaultTimeout(PATIENCE);
    return new TemporalUi(browser, page);
  }

  close(): Promise<void> {
    return this.browser.close();
  }

  async picture(name: string): Promise<void> {
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
  }

  /** All words that a person can see. */
  async text(): Promise<string> {
    return this.page.locator('body').innerText();
  }

  /** Opens a page below the namespace `default`. */
  async goto(path: string): Promise<void> {
    await this.page.goto(`${services().temporal.ui}/namespaces/default/${path}`);
  }

  /** Fills in the start form by its deep link, sends it, and follows to the run's page. */
  async start(workflowId: string, taskQueue: string, input?: string): Promise<void> {
    await this.goto(
      `workflows/start-workflow?${String(new URLSearchParams({ workflowId, taskQueue, workflowType: 'migrate' }))}`,
    );
    const { page } = this;
    if (input !== undefined) await this.type(page.getByRole('textbox', { name: 'Data', exact: true }), input);
    await page.getByTestId('start-workflow-button').click();
    await page.getByRole('link', { name: 'Workflow started successfully' }).click();
    await page.waitForURL(/\/timeline$/);
  }

  /** Fills in the schedule form, and sends it; the list of schedules follows. */
  async makeSchedule(
    schedule: Readonly<Record<'name' | 'type' | 'workflowId' | 'taskQueue' | 'input' | 'cron', string>>,
  ) {
    await this.goto('schedules/create');
    const { page } = this;
    for (const field of ['name', 'type', 'workflow-id', 'task-queue'] as const) {
      const value = { name: schedule.name, type: schedule.type, 'workflow-id': schedule.workflowId, 'task-queue': schedule.taskQueue }; // prettier-ignore
      await page.getByTestId(`schedule-${field}-input`).fill(value[field]);
    }
    await this.type(page.getByRole('textbox', { name: 'JSON Data' }), schedule.input);
    await page.getByRole('textbox', { name: 'Cron expression' }).fill(schedule.cron);
    await this.picture('11-a-schedule');
    await page.getByTestId('create-schedule-button').click();
    await page.waitForURL(/schedules$/);
  }

  /** Starts what a schedule starts, from its page. */
  async triggerSchedule(name: string): Promise<void> {
    await this.goto(`schedules/${name}`);
    const { page } = this;
    await page.getByRole('button', { name: 'Schedule Actions' }).click();
    await page.getByRole('menuitem', { name: 'Trigger' }).click();
    const dialog = page.getByRole('dialog', { name: 'Trigger Immediately' });
    await dialog.getByRole('button', { name: 'Trigger', exact: true }).click();
    await dialog.waitFor({ state: 'hidden' });
  }

  /** The current details of the run whose page is open, once they hold these words. */
  async details(words: string | RegExp): Promise<FrameLocator> {
    const { page } = this;
    await page.getByTestId('user-metadata-tab').click();
    const frame = page.frameLocator('#user-metadata-current-details');
    const shown = frame.getByText(words).first();
    const end = Date.now() + PATIENCE;
    // They are not refreshed by themselves: the key R asks for them again.
    while (!(await shown.isVisible())) {
      if (Date.now() > end) throw new Error(`the current details do not say ${words}:\n${await this.textOf(frame)}`);
      await page.locator('body').press('r');
      await shown.waitFor({ timeout: 1_000 }).catch(() => undefined);
    }
    return frame;
  }

  async textOf(frame: FrameLocator): Promise<string> {
    return frame.locator('body').innerText();
  }

  /** Opens the dialog of updates and chooses one; returns the dialog. */
  async chooseUpdate(name: string): Promise<Locator> {
    const { page } = this;
    await page.getByRole('button', { name: 'More Actions' }).click();
    await page.getByRole('menuitem', { name: 'Send an Update' }).click();
    const dialog = page.getByRole('dialog', { name: 'Send an Update' });
    await dialog.getByRole('button', { name: 'Select an Update' }).click();
    await dialog.getByRole('option', { name: new RegExp(`^${name}`) }).waitFor();
    return dialog;
  }

  /** Sends an update through its dialog, which closes when the update has succeeded. */
  async update(name: string, input?: string): Promise<void> {
    const dialog = await this.chooseUpdate(name);
    await dialog.getByRole('option', { name: new RegExp(`^${name}`) }).click();
    await this.submit(dialog, input);
    await dialog.waitFor({ state: 'hidden' });
  }

  async submit(dialog: Locator, input?: string): Promise<void> {
    if (input !== undefined) await this.type(dialog.getByRole('textbox', { name: 'Data', exact: true }), input);
    await dialog.getByRole('button', { name: 'Submit' }).click();
  }

  /** Waits until the badge of the run says so; it lags behind, and a reload does not. */
  async status(words: string): Promise<void> {
    const badge = this.page.getByTestId('execution-status').filter({ visible: true }).first();
    const end = Date.now() + PATIENCE;
    while (!(await badge.innerText()).toLowerCase().includes(words.toLowerCase())) {
      if (Date.now() > end) throw new Error(`the run is not ${words}, but ${await badge.innerText()}`);
      await this.page.waitForTimeout(500);
      await this.page.reload();
      await badge.waitFor();
    }
  }

  /** Puts JSON into an editor, which sets it anew when it loses the focus: a click at once would miss its button. */
  private async type(editor: Locator, json: string): Promise<void> {
    await editor.fill(json);
    await editor.blur();
  }
}
