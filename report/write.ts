import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toJson } from './json';
import { toMarkdown } from './markdown';
import type { Report } from './model';

/** Where a report was written, joined to the folder that was given. */
export interface WrittenReport {
  readonly markdown: string;
  readonly json: string;
  readonly latestMarkdown: string;
  readonly latestJson: string;
}

/** A reader sees the old file or the new one, never a part of it. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, text, { flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Writes `<migration>-<run>.md` and `.json` into a folder, which is made where it is missing, and copies as `latest.*`.
 *
 * @throws the file system's error where the folder cannot be written
 */
export async function writeReport(directory: string, report: Report): Promise<WrittenReport> {
  await mkdir(directory, { recursive: true });
  const path = (name: string): string => join(directory, name);
  const name = `${report.migration}-${report.run}`;
  const paths = {
    markdown: path(`${name}.md`),
    json: path(`${name}.json`),
    latestMarkdown: path('latest.md'),
    latestJson: path('latest.json'),
  };
  const markdown = toMarkdown(report);
  const json = toJson(report);
  await replaceFile(paths.markdown, markdown);
  await replaceFile(paths.json, json);
  await replaceFile(paths.latestMarkdown, markdown);
  await replaceFile(paths.latestJson, json);
  return paths;
}
