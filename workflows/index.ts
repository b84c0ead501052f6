export { abandon } from './abandon';
export { acceptFindings } from './accept-findings';
export { migrate } from './migrate';
export { dismiss, purge, restore } from './quarantine';
export { repair } from './repair';
export { replay } from './replay';
export { verify } from './verify';
